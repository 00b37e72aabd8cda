package batch

import (
	"math"
	"slices"
	"time"
)

// Details are what is known of a batch beside its label.
type Details struct {
	Owner   Party `json:"owner"`   // 委托方
	Keeper  Party `json:"keeper"`  // 受托方
	Carrier Party `json:"carrier"` // 承运方
	// Born is when the goods came into being: slaughtered, milked, harvested.
	Born time.Time `json:"born,omitzero"`
	// DeliverBy is until when they are to be delivered; see DayEnd.
	DeliverBy time.Time `json:"deliver_by,omitzero"`
	Codes     []Code    `json:"codes"`
}

// DayEnd is the moment that a day of delivery stands for, which people write
// without a time: its last second. The day is given by its first moment.
func DayEnd(day time.Time) time.Time { return day.AddDate(0, 0, 1).Add(-time.Second) }

// Check returns what is wrong with details, a *Fault, or nil.
func (d Details) Check() error {
	for _, p := range []Party{d.Owner, d.Keeper, d.Carrier} {
		if err := p.Check(); err != nil {
			return err
		}
	}
	for i, c := range d.Codes {
		if err := c.Check(); err != nil {
			return err
		}
		if slices.Contains(d.Codes[:i], c) {
			return fault("代码 %[1]s 写了两次", "code %[1]s stands there twice", c.Value)
		}
	}
	return nil
}

// Manual is a temperature that a person read off a thermometer, or that the file
// of a returned logger holds. It bounds what happened and never counts as
// measured coverage.
type Manual struct {
	Batch  string    `json:"batch"`
	Zone   string    `json:"zone,omitempty"` // where it was read; empty: on the goods, somewhere else
	At     time.Time `json:"at"`
	ValueC float64   `json:"value_c"`
	Class  string    `json:"class"`  // manual or imported
	Method string    `json:"method"` // see Methods
	By     string    `json:"by"`
	File   string    `json:"file,omitempty"` // SHA-256 of the photo, or of the logger's file
}

// The classes of a Manual.
const (
	ClassManual   = "manual"
	ClassImported = "imported"
)

// Methods are where a hand-held thermometer was put: between packs or on the
// carton first, in the core if that is beyond the limit; or in the air.
func Methods() []string { return []string{"surface", "between-packs", "core", "air"} }

// CheckC returns a *Fault for a temperature that no goods have.
func CheckC(v float64) error {
	if math.IsNaN(v) || v < -80 || v > 80 {
		return fault("温度 %[1]g °C 不可能，应在 −80 到 80 之间", "%[1]g °C cannot be; want −80 to 80", v)
	}
	return nil
}

// Correction is a batch's stays as they were before somebody corrected them.
type Correction struct {
	Version int       `json:"version"` // of the stays that were replaced, 1 and up
	Stays   []Custody `json:"stays"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	At      time.Time `json:"at"` // when they were replaced
}

// Dossier is all that is written down of a batch.
type Dossier struct {
	Batch
	Details     Details      `json:"details"`
	Stays       []Custody    `json:"stays"` // oldest first
	Closed      time.Time    `json:"closed,omitzero"`
	Documents   []Document   `json:"documents"`
	Inspections []Inspection `json:"inspections"`
	Handovers   []Handover   `json:"handovers"`
	Manual      []Manual     `json:"manual"`
	Loggers     []LoggerFile `json:"loggers"` // files of loggers that travelled along, replaced ones among them
	Links       []Link       `json:"links"`   // of which it is parent or child
	Verdicts    []Verdict    `json:"verdicts"`
	Corrections []Correction `json:"corrections"`
	Balance     Balance      `json:"-"`
}

// CheckStays returns what is wrong with stays that somebody enters, a *Fault, or
// nil: they follow one another, and only the last may go on.
func CheckStays(stays []Custody) error {
	for i, c := range stays {
		last := i == len(stays)-1
		switch {
		case c.From.IsZero():
			return fault("第 %[1]d 段没有开始时间", "stay %[1]d has no beginning", i+1)
		case c.To.IsZero() && !last:
			return fault("第 %[1]d 段没有结束时间；只有最后一段可以还在继续", "stay %[1]d has no end; only the last may go on", i+1)
		case !c.To.IsZero() && !c.To.After(c.From):
			return fault("第 %[1]d 段的结束不在开始之后", "stay %[1]d does not end after it begins", i+1)
		case !last && stays[i+1].From.Before(c.To):
			return fault("第 %[1]d 段还没结束，第 %[2]d 段就开始了", "stay %[2]d begins before stay %[1]d ends", i+1, i+2)
		case (c.Zone == "") == (c.Place == ""):
			return fault("第 %[1]d 段应写库区，或写无监测的地点，两者写一个", "stay %[1]d: give a zone, or the place where nothing watched it; one of the two", i+1)
		}
	}
	return nil
}

// Check returns what is wrong with how a courier took goods, a *Fault, or nil.
func (c Courier) Check() error {
	if c.PackingC != nil {
		if err := CheckC(*c.PackingC); err != nil {
			return err
		}
	}
	if c.Ice < 0 || c.Ice > 1000 {
		return fault("冰袋数 %[1]d 不对", "%[1]d packs of ice cannot be", c.Ice)
	}
	return nil
}
