package web

import "time"

// RetentionReport is what was removed for its age, and what is kept whatever
// its age.
type RetentionReport struct {
	Last     *RetentionRun // nil: never ran
	Frozen   int           // references under which readings are frozen
	Uncopied int           // of them those whose evidence is not written yet
}

// RetentionRun is one run. Stretches are pieces of one point's time.
type RetentionRun struct {
	Began, Ended      time.Time
	Readings, Rollups int // stretches that were removed
	Waiting           int // points whose readings are not rolled up yet
	Failure           string
	Oldest            time.Time // zero when every rule keeps for ever
}

type retentionJSON struct {
	Began    stamp  `json:"began"` // null: never ran
	Ended    stamp  `json:"ended"`
	Oldest   stamp  `json:"oldest"`
	Readings int    `json:"readings"`
	Rollups  int    `json:"rollups"`
	Waiting  int    `json:"waiting"`
	Failure  string `json:"failure,omitempty"`
	Frozen   int    `json:"frozen"`
	Uncopied int    `json:"uncopied"`
}

func (r RetentionReport) json() retentionJSON {
	out := retentionJSON{Frozen: r.Frozen, Uncopied: r.Uncopied}
	if l := r.Last; l != nil {
		out.Began, out.Ended, out.Oldest, out.Readings, out.Rollups, out.Waiting, out.Failure =
			stamp(l.Began), stamp(l.Ended), stamp(l.Oldest), l.Readings, l.Rollups, l.Waiting, l.Failure
	}
	return out
}
