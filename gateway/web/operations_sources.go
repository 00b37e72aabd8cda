package web

import "time"

// SourceReport is what came from a third-party sender since this collector
// started.
type SourceReport struct {
	Name    string
	Live    bool      // its messages have no time of their own and get that of receipt
	Last    time.Time // zero: nothing yet
	Refused map[string]int64
	// Messages came; Readings of them were stored, repetitions included; Empty
	// ones had nothing for the mapping; Unconfirmed ones were sent at QoS 0,
	// which no broker keeps; Left ones wait with the broker; Lost ones were
	// dropped, because no broker keeps them.
	Messages, Readings, Empty, Unconfirmed, Left, Lost int64
}

type sourceReportJSON struct {
	Name        string           `json:"name"`
	Class       string           `json:"class"`
	Live        bool             `json:"live"`
	Last        stamp            `json:"last"`
	Messages    int64            `json:"messages"`
	Readings    int64            `json:"readings"`
	Empty       int64            `json:"empty"`
	Unconfirmed int64            `json:"unconfirmed"`
	Left        int64            `json:"left"`
	Lost        int64            `json:"lost"`
	Refused     map[string]int64 `json:"refused"` // by reason
}

func sourceReports(known []SourceReport) []sourceReportJSON {
	out := make([]sourceReportJSON, 0, len(known))
	for _, s := range known {
		refused := s.Refused
		if refused == nil {
			refused = map[string]int64{}
		}
		out = append(out, sourceReportJSON{s.Name, thirdParty, s.Live, stamp(s.Last), s.Messages, s.Readings, s.Empty, s.Unconfirmed, s.Left, s.Lost, refused})
	}
	return out
}
