package epcis

// Document is an EPCIS 2.0 document in JSON-LD, as far as we write one. Its
// events are in the order of their times.
type Document struct {
	Context       []any  `json:"@context"`
	Type          string `json:"type"` // EPCISDocument
	SchemaVersion string `json:"schemaVersion"`
	CreationDate  string `json:"creationDate"`
	Body          Body   `json:"epcisBody"`
}

// Body holds a document's events.
type Body struct {
	Events []Event `json:"eventList"`
}

// Event is an ObjectEvent, an AggregationEvent or a TransformationEvent; fields
// that its type does not have are empty.
type Event struct {
	ID     string `json:"eventID"` // CBV 2.0 event hash id
	Type   string `json:"type"`
	Time   string `json:"eventTime"` // RFC 3339 with offset, milliseconds
	Offset string `json:"eventTimeZoneOffset"`
	Action string `json:"action,omitempty"` // ADD, OBSERVE, DELETE; none of a transformation

	Quantities []Quantity `json:"quantityList,omitempty"`
	Parent     string     `json:"parentID,omitempty"`
	Children   []Quantity `json:"childQuantityList,omitempty"`
	Inputs     []Quantity `json:"inputQuantityList,omitempty"`
	Outputs    []Quantity `json:"outputQuantityList,omitempty"`

	Step        string   `json:"bizStep,omitempty"`     // a word of CBV 2.0
	Disposition string   `json:"disposition,omitempty"` // a word of CBV 2.0
	ReadPoint   *Place   `json:"readPoint,omitempty"`
	Location    *Place   `json:"bizLocation,omitempty"`
	Sensors     []Sensor `json:"sensorElementList,omitempty"`
	ILMD        *ILMD    `json:"ilmd,omitempty"`

	Outcome  string `json:"coldchain:outcome,omitempty"`  // of a handover: accepted-with-reservation, ...
	Decision string `json:"coldchain:decision,omitempty"` // of a verdict
	Version  int    `json:"coldchain:version,omitempty"`  // of the verdict
	Relation string `json:"coldchain:relation,omitempty"` // of a transformation: split, merge, transform
	Amount   string `json:"coldchain:amount,omitempty"`   // as it was written, where it is no number with a unit
}

// Quantity is goods of one class: a lot.
type Quantity struct {
	Class  string   `json:"epcClass"`
	Amount *float64 `json:"quantity,omitempty"`
	Unit   string   `json:"uom,omitempty"` // UN/ECE Recommendation 20
}

// Place is a reader or a room, by its URI.
type Place struct {
	ID string `json:"id"`
}

// Sensor is what was measured in a stretch of time.
type Sensor struct {
	Metadata *Metadata `json:"sensorMetadata,omitempty"`
	Reports  []Report  `json:"sensorReport"`
}

// Metadata says when and how.
type Metadata struct {
	Time   string `json:"time,omitempty"` // of one measurement
	Start  string `json:"startTime,omitempty"`
	End    string `json:"endTime,omitempty"`
	Device string `json:"deviceID,omitempty"`
	Method string `json:"dataProcessingMethod,omitempty"`
	Rules  string `json:"bizRules,omitempty"`

	// The shares and times that make the values honest, see package exposure.
	Coverage   *float64 `json:"coldchain:coverage,omitempty"` // 0 to 1
	GapS       *float64 `json:"coldchain:gap_seconds,omitempty"`
	UncertainS float64  `json:"coldchain:uncertain_seconds,omitempty"`
	ExpiredS   float64  `json:"coldchain:calibration_expired_seconds,omitempty"`
	Basis      string   `json:"coldchain:basis,omitempty"` // what it is of: air, product, estimate
	Class      string   `json:"coldchain:class,omitempty"` // where it comes from: manual, imported; empty: measured
}

// Report is one quantity. Values are °C with CEL and %RH with P1.
type Report struct {
	Type      string   `json:"type"`
	Exception string   `json:"exception,omitempty"`
	Value     *float64 `json:"value,omitempty"`
	Min       *float64 `json:"minValue,omitempty"`
	Max       *float64 `json:"maxValue,omitempty"`
	Mean      *float64 `json:"meanValue,omitempty"`
	SDev      *float64 `json:"sDev,omitempty"`
	Unit      string   `json:"uom,omitempty"`

	Limit   *float64 `json:"coldchain:limit,omitempty"`          // that an excursion was beyond
	Degrees *float64 `json:"coldchain:degree_minutes,omitempty"` // the area beyond it
}

// ILMD is what is true of the goods from their beginning. It goes with ADD and
// with transformations only.
type ILMD struct {
	Lot      string `json:"cbvmda:lotNumber,omitempty"`
	Product  string `json:"coldchain:product,omitempty"`
	Profile  string `json:"coldchain:profile,omitempty"`
	Quantity string `json:"coldchain:quantity,omitempty"`
}
