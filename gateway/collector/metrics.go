package collector

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	received, stored, duplicates, deferred, dropped, writeErrors prometheus.Counter
	quarantined, transitions                                     *prometheus.CounterVec
	unstored, storeUp, storeRefuses, clockLost                   prometheus.Gauge
	skew                                                         *prometheus.GaugeVec
	writeSeconds                                                 prometheus.Histogram
	foreignMessages, foreignReadings, foreignRefused             *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "coldchain", Name: name, Help: help})
	}
	ofSource := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "coldchain", Name: name, Help: help}, append([]string{"source"}, labels...))
	}
	m := &metrics{
		received:        counter("records_received_total", "Records decoded from gateways, known ones included."),
		stored:          counter("readings_stored_total", "Readings made durable and acknowledged."),
		duplicates:      counter("records_duplicate_total", "Records that were offered again after they had been settled."),
		deferred:        counter("records_deferred_total", "Records a gateway was asked to offer again later, because the store was behind."),
		dropped:         counter("messages_dropped_total", "Messages dropped unacknowledged because the inbox was full."),
		writeErrors:     counter("store_write_errors_total", "Failed writes to the store; each is tried again."),
		quarantined:     prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "coldchain", Name: "quarantined_total", Help: "Records and messages kept apart instead of stored, by reason."}, []string{"reason"}),
		transitions:     prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "coldchain", Name: "alarm_transitions_total", Help: "Changes of alarms, by rule and change."}, []string{"rule", "change"}),
		skew:            prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "coldchain", Name: "gateway_clock_skew_seconds", Help: "Received less measured of live records, the least of ten minutes; negative: the gateway's clock is ahead."}, []string{"gateway"}),
		foreignMessages: ofSource("source_messages_total", "Messages of third-party senders, repetitions included."),
		foreignReadings: ofSource("source_readings_total", "Readings of third-party senders made durable, repetitions included."),
		foreignRefused:  ofSource("source_refused_total", "Readings and messages of third-party senders kept apart, by reason.", "reason"),
		storeUp:         prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "store_up", Help: "1 while the store takes records, 0 while it does not."}),
		storeRefuses:    prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "store_refuses", Help: "1 while the store refuses us (token, bucket, database) and a person is needed."}),
		clockLost:       prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "county_clock_lost", Help: "1 while the county's own clock is not synchronised and readings are held for it."}),
		unstored:        prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "coldchain", Name: "records_waiting", Help: "Records judged and waiting for the store."}),
		writeSeconds:    prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "coldchain", Name: "store_write_seconds", Help: "Time of one write to the store.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
	}
	if r != nil {
		r.MustRegister(m.received, m.stored, m.duplicates, m.deferred, m.dropped, m.writeErrors, m.quarantined, m.transitions, m.unstored, m.storeUp, m.storeRefuses, m.clockLost, m.skew, m.writeSeconds, m.foreignMessages, m.foreignReadings, m.foreignRefused)
	}
	return m
}
