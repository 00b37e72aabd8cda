package batch

import "time"

// Party is who owns, keeps or carries goods.
type Party struct {
	Name string `json:"name"`
	// Code is the unified social credit code 统一社会信用代码 (GB 32100-2015),
	// empty for a natural person.
	Code string `json:"code,omitempty"`
}

// Document belongs to a batch: a quarantine certificate, a conformity promise.
type Document struct {
	Kind   string    `json:"kind"` // see Kinds of documents
	Number string    `json:"number"`
	Date   time.Time `json:"date"`
	// File is the SHA-256 of the photo or scan in hexadecimal; empty without one.
	File string `json:"file,omitempty"`
	// Name is the file's name, for people.
	Name string `json:"name,omitempty"`
}

// The kinds of documents that profiles may ask for.
const (
	DocQuarantine = "quarantine-certificate" // 动物检疫合格证明
	DocMeat       = "meat-inspection"        // 肉品品质检验合格证
	DocPromise    = "conformity-promise"     // 承诺达标合格证
	DocTest       = "test-report"            // 检验报告
	DocOther      = "other"
)

// Inspection is one thing that was looked at or measured on the goods.
type Inspection struct {
	At     time.Time `json:"at"`
	Item   string    `json:"item"`
	Method string    `json:"method"`
	Value  string    `json:"value"`
	Limit  string    `json:"limit"`
	Pass   bool      `json:"pass"`
	By     string    `json:"by"`
	File   string    `json:"file,omitempty"` // SHA-256, as in Document
}

// Outcome is how a handover ended.
type Outcome string

// The outcomes of a handover (GB/T 40956-2021).
const (
	Accepted    Outcome = "accepted"
	Reservation Outcome = "accepted-with-reservation"
	Refused     Outcome = "refused" // the batch goes back and is on hold
)

// Handover is custody passing from one party to the next.
type Handover struct {
	At    time.Time `json:"at"`
	Batch string    `json:"batch"`
	From  string    `json:"from"` // person who gave it
	To    string    `json:"to"`   // person who took it
	// ProductC is the temperature of the goods in °C, nil when nobody measured;
	// Method says where: surface, between-packs or core.
	ProductC *float64 `json:"product_c"`
	Method   string   `json:"method,omitempty"`
	Outcome  Outcome  `json:"outcome"`
	Note     string   `json:"note,omitempty"`
	File     string   `json:"file,omitempty"`
}

// Relation is how one batch came from others.
type Relation string

// The relations. Exposure is inherited along Split and Merge; an Aggregated
// batch (a box on a pallet, an ear tag in a slaughter lot) keeps its own name
// inside the other.
const (
	Split      Relation = "split"
	Merge      Relation = "merge"
	Transform  Relation = "transform" // carcasses out of animals, boxes out of carcasses
	Aggregated Relation = "aggregate"
)

// Link says that Child came out of Parent, or lies in it (Aggregated: Child is
// what holds, Parent what is held).
type Link struct {
	Parent   string    `json:"parent"`
	Child    string    `json:"child"`
	Relation Relation  `json:"relation"`
	Quantity string    `json:"quantity,omitempty"` // how much of the parent
	At       time.Time `json:"at"`
	// Ended is when it was taken out again; of an aggregation. Zero: not yet.
	Ended time.Time `json:"ended,omitzero"`
}

// Decision is what was decided of a batch.
type Decision string

// The decisions.
const (
	Undecided         Decision = "undecided"
	OnHold            Decision = "on-hold"
	Released          Decision = "released"
	PartiallyReleased Decision = "partially-released"
	Rejected          Decision = "rejected"
)

// Verdict is a decision with its reason; a later one has the next version and
// never overwrites.
type Verdict struct {
	Batch    string    `json:"batch"`
	Version  int       `json:"version"` // 1 and up
	Decision Decision  `json:"decision"`
	Reason   string    `json:"reason"`
	Quantity string    `json:"quantity,omitempty"` // of a partial release: how much is released
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	// Severe needs Second, another person, before it holds.
	Severe   bool      `json:"severe,omitempty"`
	Second   string    `json:"second,omitempty"`
	SecondAt time.Time `json:"second_at,omitzero"`
	// Exposure is the version of the exposure that it was decided on.
	Exposure int `json:"exposure_version"`
}
