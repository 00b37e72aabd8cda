package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
	"coldchain/alerting/notify/notifytest"
)

const (
	path   = "/services/T0000-hunter2/XXXXXXXXXX"
	token  = "tok+en/9"
	query  = "?token=tok%2Ben%2F9"
	secret = "hunter2-sign"
)

func check(contentType string, text func(body []byte) (string, error)) func(r *http.Request, body []byte) (notifytest.Got, error) {
	return func(r *http.Request, body []byte) (notifytest.Got, error) {
		timestamp := r.Header.Get("X-Coldchain-Timestamp")
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(timestamp + "." + string(body)))
		switch want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); {
		case r.Method != http.MethodPost || r.URL.RequestURI() != path+query || r.Header.Get("Content-Type") != contentType:
			return notifytest.Got{}, fmt.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		case timestamp != fmt.Sprint(notifytest.At.Unix()) || r.Header.Get("X-Coldchain-Signature") != want:
			return notifytest.Got{}, fmt.Errorf("timestamp %s, signature %s, want %s", timestamp, r.Header.Get("X-Coldchain-Signature"), want)
		}
		s, err := text(body)
		return notifytest.Got{Text: s, Key: r.Header.Get("Idempotency-Key")}, err
	}
}

func conformance(t *testing.T, o Options, check func(r *http.Request, body []byte) (notifytest.Got, error), text func(notify.Message) string) {
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			o.Address, o.Secret, o.Client, o.Now = notify.NewSecret(endpoint+path+query), notify.NewSecret(secret), client, notifytest.Now
			hook, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			return hook
		},
		Check: check, Right: `{"status":"success"}`, StatusAlone: true,
		Codes: []notifytest.Code{
			{Status: 400, Body: `{"status":"error","error":"ECHO"}`, Want: notify.Configuration, Code: "400"},
		},
	}
	notifytest.Run(t, h.Fill(notifytest.Channel{
		To: notify.Recipient{Person: "bater", Name: "巴特尔"}, HasKey: true, Text: text,
		Secrets: []string{secret, token, path, "T0000-hunter2", "XXXXXXXXXX"},
	}))
}

func TestAlertmanager(t *testing.T) {
	conformance(t, Options{}, check("application/json", func(body []byte) (string, error) {
		var p Payload
		if err := json.Unmarshal(body, &p); err != nil {
			return "", err
		}
		return p.Alerts[0].Annotations["description"], nil
	}), func(m notify.Message) string { return m.Title + "\n" + m.Text + "\n" + m.Link })
}

func TestTemplate(t *testing.T) {
	o := Options{ContentType: "text/plain; charset=utf-8", Template: `{{.Kind}} {{.Level}} {{.To.Name}} {{.At.Format "15:04"}} {{.Fields.place}} {{json .Title}} {{range .Alarms}}{{.Object}} {{.Peak}}{{end}}`}
	conformance(t, o, check(o.ContentType, func(body []byte) (string, error) { return string(body), nil }),
		func(m notify.Message) string {
			return `raised excursion 巴特尔 02:10 羊肉库 "羊肉库 快去看" balagong/mutton-1/air -12.5`
		})
}

// TestVersion4 holds the built-in body against the documentation's, key by key.
func TestVersion4(t *testing.T) {
	m := notifytest.Message(notify.Recipient{})
	over := m.Alarms[0]
	over.Object, over.State, over.Returned = "balagong/mutton-1/core", alerting.ReturnedUnacknowledged, notifytest.At
	m.Alarms, m.Text, m.Link = append(m.Alarms, over), "x", ""
	got, err := json.MarshalIndent(alertmanager(m, "county", "https://county.example"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "version": "4",
  "groupKey": "{}:{key=\"9f2c-41\"}",
  "truncatedAlerts": 0,
  "status": "firing",
  "receiver": "county",
  "groupLabels": {},
  "commonLabels": {
    "alertname": "high-limit",
    "class": "live",
    "severity": "excursion",
    "site": "balagong",
    "zone": "balagong/mutton-1"
  },
  "commonAnnotations": {
    "description": "羊肉库 快去看\nx",
    "summary": "羊肉库 快去看"
  },
  "externalURL": "https://county.example",
  "alerts": [
    {
      "status": "firing",
      "labels": {
        "alertname": "high-limit",
        "class": "live",
        "object": "balagong/mutton-1/air",
        "severity": "excursion",
        "site": "balagong",
        "zone": "balagong/mutton-1"
      },
      "annotations": {
        "description": "羊肉库 快去看\nx",
        "summary": "羊肉库 快去看"
      },
      "startsAt": "2026-11-26T17:50:00Z",
      "endsAt": "0001-01-01T00:00:00Z",
      "generatorURL": "",
      "fingerprint": "` + m.Alarms[0].ID + `"
    },`
	if !strings.HasPrefix(string(got), want) || !strings.Contains(string(got), `"endsAt": "2026-11-26T18:10:00Z"`) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestWithoutAlarms: whoever expects alerts gets one.
func TestWithoutAlarms(t *testing.T) {
	for kind, status := range map[notify.Kind]string{notify.Drill: "resolved", notify.AllWell: "resolved", notify.Trouble: "firing"} {
		p := alertmanager(notify.Message{Key: "k", Kind: kind, At: notifytest.At}, "r", "")
		if len(p.Alerts) != 1 || p.Status != status || p.Alerts[0].Status != status || p.Alerts[0].EndsAt.IsZero() != (status == "firing") {
			t.Errorf("%s: %+v", kind, p)
		}
	}
}

func TestTemplateMistakes(t *testing.T) {
	o := Options{Address: notify.NewSecret("https://h.example/x"), Client: http.DefaultClient, Now: time.Now}
	for template, want := range map[string]string{
		"{{.Title":                 "unclosed action",
		"{{.Titel}}":               "can't evaluate field Titel",
		"{{.Alarms.Nothing}}":      "can't evaluate field Nothing",
		`{{template "nowhere" .}}`: "", // found when it is filled
	} {
		o.Template = template
		_, err := New(o)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", template, err, want)
		}
	}
	for template, want := range map[string]string{
		"{{.Fields.nothing}}":        "map has no entry for key",
		`{"t":"{{.Text}}"}`:          "does not give JSON",
		`"{{printf "%0300000d" 1}}"`: "more than 262144 bytes",
	} {
		o.Template = template
		h, err := New(o)
		if err != nil {
			t.Fatalf("%s: %v", template, err)
		}
		_, err = h.Notify(t.Context(), notifytest.Message(notify.Recipient{}))
		if notify.ClassOf(err) != notify.Configuration || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", template, err, want)
		}
	}
}
