package collector

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	received, stored, duplicates, deferred, dropped, writeErrors prometheus.Counter
	quarantined, transitions                                     *prometheus.CounterVec
	unstored, clockLost                                          prometheus.Gauge
	skew                                                         *prometheus.GaugeVec
	writeSeconds                                                 prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "coldchain", Name: name, Help: help})
	}
	m := &metrics{
		received:     counter("records_received_total", "Records decoded from gateways, known ones included."),
		stored:       counter("readings_stored_total", "Readings made durable and acknowledged."),
		duplicates:   counter("records_duplicate_total", "Records that were offered again after they had been settled."),
		deferred:     counter("records_deferred_total", "Records a gateway was asked to offer again later, because the store was behind."),
		dropped:      counter("messages_dropped_total", "Messages dropped unacknowledged because the inbox was full."),
		writeErrors:  counter("store_write_errors_total", "Failed writes to the store; each is tried again."),
		quarantined:  prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "coldchain", Name: "quarantined_total", Help: "Records and messages kept apart instead of stored, by reason."}, []string{"reason"}),
		transitions:  prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "coldchain", Name: "alarm_transitions_total", Help: "Changes of alarms, by rule and change."}, []string{"rule", "change"}),
		skew:         prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "coldchain", Name: "gateway_clock_skew_seconds", Help: "Received less measured of live records, the least of ten minutes; negative: the gateway's clock is ahead."}, []string{"gateway"}),
		unstored:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "records_waiting", Help: "Records judged and waiting for the store."}),
		clockLost:    prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "county_clock_lost", Help: "1 while the county's own clock is not synchronised and readings are held for it."}),
		writeSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "coldchain", Name: "store_write_seconds", Help: "Time of one write to the store.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
	}
	if r != nil {
		r.MustRegister(m.received, m.stored, m.duplicates, m.deferred, m.dropped, m.writeErrors, m.quarantined, m.transitions, m.unstored, m.clockLost, m.skew, m.writeSeconds)
	}
	return m
}
