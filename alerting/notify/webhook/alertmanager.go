package webhook

import (
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Payload is Alertmanager's webhook message, version 4.
//
// https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
type Payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []Alert           `json:"alerts"`
}

// Alert is one alarm in a Payload. EndsAt is the zero time while it fires.
type Alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

const (
	firing   = "firing"
	resolved = "resolved"
)

// alertmanager is the message in Alertmanager's form. A message without alarms
// (a drill, a trial) is one alert of its own, over at once unless it is about
// trouble.
func alertmanager(m notify.Message, receiver, externalURL string) Payload {
	said := map[string]string{"summary": m.Title, "description": m.Full(1<<16, notify.Bytes)}
	p := Payload{
		Version: "4", GroupKey: "{}:{key=\"" + m.Key + "\"}", Status: resolved, Receiver: receiver,
		GroupLabels: map[string]string{}, CommonAnnotations: said, ExternalURL: externalURL,
	}
	for _, a := range m.Alarms {
		alert := Alert{Status: firing, Labels: labels(a), Annotations: said, StartsAt: a.Start.UTC(), GeneratorURL: m.Link, Fingerprint: a.ID}
		if !a.State.Present() && !a.Returned.IsZero() {
			alert.Status, alert.EndsAt = resolved, a.Returned.UTC()
		}
		p.Alerts = append(p.Alerts, alert)
	}
	if len(p.Alerts) == 0 {
		alert := Alert{
			Status: resolved, Labels: map[string]string{"alertname": string(m.Kind)}, Annotations: said,
			StartsAt: m.At.UTC(), EndsAt: m.At.UTC(), GeneratorURL: m.Link, Fingerprint: m.Key,
		}
		if m.Kind == notify.Trouble {
			alert.Status, alert.EndsAt = firing, time.Time{}
		}
		p.Alerts = append(p.Alerts, alert)
	}
	p.CommonLabels = common(p.Alerts)
	for _, a := range p.Alerts {
		if a.Status == firing {
			p.Status = firing
		}
	}
	return p
}

func labels(a alerting.Alarm) map[string]string {
	site, _, _ := strings.Cut(a.Object, "/")
	l := map[string]string{"alertname": string(a.Rule), "severity": string(a.Level), "object": a.Object, "site": site, "class": string(a.Class)}
	if a.Zone != "" {
		l["zone"] = a.Zone
	}
	return l
}

// common are the labels that all alerts share.
func common(alerts []Alert) map[string]string {
	out := map[string]string{}
	for k, v := range alerts[0].Labels {
		all := true
		for _, a := range alerts[1:] {
			other, there := a.Labels[k]
			all = all && there && other == v
		}
		if all {
			out[k] = v
		}
	}
	return out
}
