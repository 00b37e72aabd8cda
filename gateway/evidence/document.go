package evidence

import (
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
)

// Format names the form of a certificate.
const Format = "coldchain certificate 1"

// Document is everything that a certificate says. It is signed as it stands:
// what a page or a PDF shows is taken from it and from nothing else.
type Document struct {
	Format     string      `json:"format"`
	Number     string      `json:"number"`  // also the name of its files and of what is frozen
	Version    int         `json:"version"` // 1 and up
	Supersedes *Superseded `json:"supersedes"`
	Made       time.Time   `json:"made"`
	By         string      `json:"by"`   // who had it made
	Demo       bool        `json:"demo"` // of a demonstration: people and firms are made up
	Page       string      `json:"page"` // address of the public page, which the QR code holds; empty without one

	County    County     `json:"county"`
	Batch     Goods      `json:"batch"`
	Parties   []Party    `json:"parties"`
	Profile   Profile    `json:"profile"`
	Standards []Standard `json:"standards"`
	Places    []Place    `json:"places"`

	Exposure exposure.Batch `json:"exposure"`
	Chart    []Series       `json:"chart"`
	Table    []Row          `json:"table"`
	// Imported are the values of loggers' files, apart from the readings.
	Imported []LoggerRow `json:"imported,omitempty"`
	Alarms   []Alarm     `json:"alarms"`

	Handovers   []batch.Handover   `json:"handovers"`
	Documents   []batch.Document   `json:"documents"`
	Inspections []batch.Inspection `json:"inspections"`
	Links       []batch.Link       `json:"links"`
	Verdicts    []batch.Verdict    `json:"verdicts"` // every version, oldest first; the last one counts

	Probes   []Probe  `json:"probes"`
	Methods  []Method `json:"methods"`
	Readings Readings `json:"readings"`
	Audit    Audit    `json:"audit"`
}

// Superseded is the certificate that this one corrects.
type Superseded struct {
	Number  string    `json:"number"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	SHA256  string    `json:"sha256"` // of the old envelope in canonical form, hexadecimal
	Reason  string    `json:"reason"` // why it had to be corrected
}

// County is who vouches.
type County struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Office string `json:"office"` // who stamps
	Phone  string `json:"phone"`
	Zone   string `json:"timezone"` // IANA name, of the times that a page shows
}

// Goods is the batch.
type Goods struct {
	Code     string    `json:"code"`
	Product  string    `json:"product"`
	Quantity string    `json:"quantity"`
	Born     time.Time `json:"born,omitzero"` // slaughtered, milked, harvested
	Created  time.Time `json:"created,omitzero"`
}

// Role is what a party has to do with the batch.
type Role string

// The roles.
const (
	Owner   Role = "owner"
	Keeper  Role = "keeper"
	Carrier Role = "carrier"
)

// Party is who owns, keeps or carries the batch.
type Party struct {
	Role Role `json:"role"`
	batch.Party
	Filing string `json:"filing,omitempty"` // number of the cold store's filing 备案
}

// Profile is the product profile as it was used.
type Profile struct {
	Name   string  `json:"name"`
	ZH     string  `json:"zh"`
	EN     string  `json:"en"`
	LowC   *Limit  `json:"low"`  // nil: none
	HighC  *Limit  `json:"high"` // nil: none
	Limits []Limit `json:"limits"`
}

// Limit is a limit with where its number comes from.
type Limit struct {
	Side   string  `json:"side"`  // high or low
	Level  string  `json:"level"` // warning or excursion
	ValueC float64 `json:"value_c"`
	DelayS float64 `json:"delay_s"`
	Source string  `json:"source"`
}

// Standard is a standard in the edition that was applied.
type Standard struct {
	Number string `json:"number"` // GB 31605-2020
	Title  string `json:"title"`
	For    string `json:"for"` // what it was applied to
}

// Place is what a zone of the exposure is called.
type Place struct {
	Zone   string `json:"zone"`
	Name   string `json:"name"`
	Filing string `json:"filing,omitempty"`
	Plate  string `json:"plate,omitempty"` // of a truck
	Photo  string `json:"photo,omitempty"` // SHA-256 of the picture of the probe's position
}

// Alarm is an alarm that named the batch, and what people did about it.
type Alarm struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Level    string    `json:"level"`
	Object   string    `json:"object"` // point or site
	Zone     string    `json:"zone"`
	Start    time.Time `json:"start"`
	Returned time.Time `json:"returned,omitzero"` // zero: still there
	LimitC   *float64  `json:"limit_c"`           // nil: the rule has no value
	PeakC    *float64  `json:"peak_c"`
	Late     bool      `json:"late"` // over before the county learned of it
	Steps    []Step    `json:"steps"`
	Closing  *Closing  `json:"closing"` // nil: nobody has closed it
}

// Step is one answer to an alarm.
type Step struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Word string    `json:"word"` // acknowledged, on-the-way, on-site, handled
	Note string    `json:"note,omitempty"`
}

// Closing is how an alarm ended.
type Closing struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Cause   string    `json:"cause"`
	Action  string    `json:"action"`
	Outcome string    `json:"outcome"`
	Note    string    `json:"note,omitempty"`
	Second  string    `json:"second,omitempty"` // who signed off a severe one
}

// Probe is a probe whose readings were used, with its calibration.
type Probe struct {
	Point       string    `json:"point"`
	Device      string    `json:"device"` // kind and serial number
	Certificate string    `json:"certificate"`
	Laboratory  string    `json:"laboratory"`
	From        time.Time `json:"from,omitzero"`
	Until       time.Time `json:"until,omitzero"` // zero: no certificate is known
	// UncertaintyC is the expanded uncertainty (k = 2) in °C; nil when unknown.
	UncertaintyC *float64 `json:"uncertainty_c"`
	CheckedAtC   []string `json:"checked_at,omitempty"` // such as "0 °C ice point", "−18 °C against the reference"
}

// Method is how a number of the certificate was worked out.
type Method struct {
	Name   string `json:"name"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
	Source string `json:"source"`
}

// Audit is the batch's rows of the county's audit and the end of its chain when
// the certificate was made: kept by whoever holds the certificate, it shows that
// the chain was not rewritten afterwards.
type Audit struct {
	HeadSeq  int64      `json:"head_seq"`
	HeadHash string     `json:"head_hash"` // hexadecimal
	Rows     []AuditRow `json:"rows"`
}

// AuditRow is one row, with the hash that gateway/state gave it.
type AuditRow struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	ActorKind string    `json:"actor_kind"`
	ActorID   string    `json:"actor_id"`
	Action    string    `json:"action"`
	Object    string    `json:"object"`
	Detail    string    `json:"detail"`
	Prev      string    `json:"prev"`
	Hash      string    `json:"hash"`
}

// Verdict is the one that counts; ok is false when nobody has decided.
func (d Document) Verdict() (v batch.Verdict, ok bool) {
	if len(d.Verdicts) == 0 {
		return batch.Verdict{Decision: batch.Undecided}, false
	}
	v = d.Verdicts[len(d.Verdicts)-1]
	return v, v.Decision != batch.Undecided
}
