package config

import (
	"net/netip"
	"time"
)

// County is the collector's configuration file.
type County struct {
	County   string `yaml:"county"`
	Name     Label  `yaml:"name"`
	Timezone string `yaml:"timezone"` // default Asia/Shanghai
	// Notice is shown on every page, e.g. 演示 for a demonstration.
	Notice Label `yaml:"notice"`
	// Data is the folder of county.db (and of readings.db with the embedded store).
	Data   string `yaml:"data"`
	MQTT   MQTT   `yaml:"mqtt"`
	Broker Broker `yaml:"broker"`
	Store  Store  `yaml:"store"`
	Web    Web    `yaml:"web"`
	Notify Notify `yaml:"notify"`
	// Platform is a traceability platform that is told of verdicts.
	Platform Platform `yaml:"platform"`
	Sites    []Site   `yaml:"sites"`
	// Sources are third-party senders; their points are points of Sites.
	Sources []Source `yaml:"sources"`
	// Retention says for how long readings are kept; without it the profile
	// gb31605 holds for all.
	Retention Retention `yaml:"retention"`
	// Watch sets rules by kind of zone; see Watch.
	Watch map[string]Watch `yaml:"watch"`
	// Certificate is who vouches for what a batch went through.
	Certificate Certificate `yaml:"certificate"`
	// TimestampAuthority is asked to stamp each certificate; without a URL there
	// are no time stamps.
	TimestampAuthority TimestampAuthority `yaml:"timestamp_authority"`
	// MonthlyReport is to whom the 月通报 goes once it was reviewed; without it a
	// person sends it and says so.
	MonthlyReport MonthlyReport `yaml:"monthly_report"`
	// Calibrations are the certificates of probes that the county keeps; they are
	// printed on the certificates of batches.
	Calibrations []Calibration `yaml:"calibrations"`
	// ProductProfiles are files of product profiles of the county's own; see
	// Goods.
	ProductProfiles []string `yaml:"product_profiles"`
}

// Certificate is printed on the certificates of batches.
type Certificate struct {
	Office string `yaml:"office"` // who stamps; default the county's name
	Phone  string `yaml:"phone"`  // that a buyer may call
}

// TimestampAuthority says, by its own clock, that a certificate existed (RFC
// 3161). It gets the certificate's SHA-256 and nothing else.
type TimestampAuthority struct {
	URL    string `yaml:"url"`
	CAFile string `yaml:"ca_file"` // the root (PEM) that its certificate leads to
}

// MonthlyReport is who gets the monthly report, by e-mail.
type MonthlyReport struct {
	Channel string   `yaml:"channel"` // an e-mail channel of notify.channels
	To      []string `yaml:"to"`      // addresses
}

// Calibration is one calibration certificate of a probe.
type Calibration struct {
	Point        string   `yaml:"point"`       // site/zone/point
	Device       string   `yaml:"device"`      // kind and serial number
	Certificate  string   `yaml:"certificate"` // its number
	Laboratory   string   `yaml:"laboratory"`
	From         string   `yaml:"from"`          // day, 2026-03-01
	Until        string   `yaml:"until"`         // the last day on which it counts
	UncertaintyC *float64 `yaml:"uncertainty_c"` // expanded, k = 2, °C
}

// Day reads From and Until at local midnight: from is inclusive, until exclusive,
// the midnight after the last day.
func (c Calibration) Day(zone *time.Location) (from, until time.Time, err error) {
	if from, err = time.ParseInLocation(time.DateOnly, c.From, zone); err != nil {
		return from, until, err
	}
	until, err = time.ParseInLocation(time.DateOnly, c.Until, zone)
	return from, until.AddDate(0, 0, 1), err
}

// Label is a name for people, in Chinese and English.
type Label struct {
	ZH string `yaml:"zh" json:"zh"`
	EN string `yaml:"en" json:"en"`
}

// Broker starts the embedded MQTT broker when Listen is set. It is for one
// machine: it knows no passwords and refuses any but a loopback address.
type Broker struct {
	Listen string `yaml:"listen"`
}

// Store chooses where readings are kept: InfluxDB when URL is set, else the
// embedded store in Data.
type Store struct {
	Influx Influx `yaml:"influx"`
}

// Influx says how to reach InfluxDB by its v2 API. For 1.8 the bucket is
// "database/retention-policy", the organisation is empty and the token is
// "user:password" or empty.
type Influx struct {
	URL       string `yaml:"url"`
	Org       string `yaml:"org"`
	Bucket    string `yaml:"bucket"`
	TokenFile string `yaml:"token_file"`
	CAFile    string `yaml:"ca_file"` // certificates (PEM) to trust instead of the system's, for https
}

// Web is the page and the API.
type Web struct {
	Listen    string `yaml:"listen"`     // default 127.0.0.1:8080
	TokenFile string `yaml:"token_file"` // secret by which programs may do everything; may be absent
	PublicURL string `yaml:"public_url"` // where telephones reach the page; without it messages hold no link
	TLS       TLS    `yaml:"tls"`
	// TrustedProxies are addresses (10.0.0.1) or networks (10.0.0.0/8) of proxies
	// whose word is believed on who calls, and whether by TLS.
	TrustedProxies []string `yaml:"trusted_proxies"`
}

// TLS is the page's own certificate: PEM files that are read again when they
// change. Without them the page speaks HTTP, for loopback or a proxy in front.
type TLS struct {
	CertFile string `yaml:"cert_file"` // with those between it and the root
	KeyFile  string `yaml:"key_file"`
}

// Proxies returns the trusted proxies as networks; one that is none is left out,
// Validate has said so.
func (w Web) Proxies() (out []netip.Prefix) {
	for _, text := range w.TrustedProxies {
		if p, err := parseNetwork(text); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// parseNetwork reads an address or a network.
func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// Platform is where verdicts on batches are posted, as JSON; without URLFile
// nobody is told.
type Platform struct {
	URLFile    string `yaml:"url_file"`    // an address is often a secret
	SecretFile string `yaml:"secret_file"` // signs; may be absent
}

// SiteKind is what a site is.
type SiteKind string

// The kinds of site.
const (
	Centre         SiteKind = "centre"
	TownshipStore  SiteKind = "township-store"
	VillageStation SiteKind = "village-station"
	Truck          SiteKind = "truck"
)

// ZoneKind is what a zone is for; it sets the default limits.
type ZoneKind string

// The kinds of zone. Technical is a place without goods: mains, link, position.
const (
	Frozen     ZoneKind = "frozen"
	Chilled    ZoneKind = "chilled"
	Dairy      ZoneKind = "dairy"
	Vegetable  ZoneKind = "vegetable" // leafy, carrot, cabbage
	Potato     ZoneKind = "potato"
	WarmCrop   ZoneKind = "warm-crop"  // tomato, cucumber, pepper
	FrozenBox  ZoneKind = "frozen-box" // a truck's
	ChilledBox ZoneKind = "chilled-box"
	Chilling   ZoneKind = "chilling" // carcasses and others that come in warm, to be chilled
	Blast      ZoneKind = "blast"    // the same, to be frozen
	Technical  ZoneKind = "technical"
)

// Site is a place with one gateway, or none where every point comes from a
// source.
type Site struct {
	ID        string   `yaml:"id"`
	Kind      SiteKind `yaml:"kind"`
	Name      Label    `yaml:"name"`
	Latitude  *float64 `yaml:"latitude"`
	Longitude *float64 `yaml:"longitude"`
	// Radius is how far around its position a truck stands at it, metres, 50 to
	// 20000; default 2000.
	Radius float64 `yaml:"radius"`
	// Home is the site at which a truck's trips begin and end; default the centre,
	// if there is one and its position is known.
	Home        string        `yaml:"home"`
	Gateway     string        `yaml:"gateway"`
	Filing      string        `yaml:"filing"`       // number of the cold store's filing 备案, for certificates
	Plate       string        `yaml:"plate"`        // of a truck, the same
	SilentAfter time.Duration `yaml:"silent_after"` // default 10m, trucks 20m
	// Outdoor is the point of this site that measures the air outside, as
	// zone/point; with it the time to a limit can be bounded.
	Outdoor string `yaml:"outdoor"`
	Zones   []Zone `yaml:"zones"`
}

// Zone is a room, a box or a technical place of a site.
type Zone struct {
	ID     string            `yaml:"id"`
	Kind   ZoneKind          `yaml:"kind"`
	Name   Label             `yaml:"name"`
	Points map[string]string `yaml:"points"` // point name -> quantity
	// ProbePhoto is a picture of where the probe hangs; certificates hold its SHA-256.
	ProbePhoto string `yaml:"probe_photo"`
	// Limits by quantity; when absent the kind's defaults apply.
	Limits map[string][]Limit `yaml:"limits"`
	// Hysteresis by quantity; default 0.5 (frozen 1.0) °C, 3 %RH.
	Hysteresis map[string]float64 `yaml:"hysteresis"`
	// Product says how the goods themselves are judged; when absent their
	// temperature is estimated from the air with the kind's defaults.
	Product Product `yaml:"product"`
	// Masks says by quantity (defrost, door) for how long a switch of the zone
	// holds back warnings of too much warmth; default 45m and 15m.
	Masks map[string]Mask `yaml:"masks"`
	Watch Watch           `yaml:"watch"` // before the kind's
}

// Mask is how far a defrost or an open door excuses a room.
type Mask struct {
	For   time.Duration `yaml:"for"`   // at most 45m; 0s: not at all
	Above float64       `yaml:"above"` // °C above the limit, at most and by default 3
}

// Product is the goods of a zone: by a probe in them, or estimated from the air.
type Product struct {
	Estimate     string        `yaml:"estimate"`      // none: judge the air alone
	Probe        string        `yaml:"probe"`         // the temperature point in the goods; default core or product, if there is one. Nothing is estimated then
	Air          string        `yaml:"air"`           // the temperature point around them; default air, else the first
	TimeConstant time.Duration `yaml:"time_constant"` // how long they take for 63 % of a step of the air
	// Limits are of their temperature, °C; default the kind's, unless the zone has
	// limits of its own: then a probe is judged by those, an estimate by none.
	Limits []Limit `yaml:"limits"`
}

// Limit is one line of a zone's limits.
type Limit struct {
	Side  string        `yaml:"side"`  // high or low
	Level string        `yaml:"level"` // warning or excursion
	Value float64       `yaml:"value"` // °C or %RH
	Delay time.Duration `yaml:"delay"`
	// Within adds the times beyond the limit up: together they must not reach
	// Delay in the last Within. Without it each run counts for itself.
	Within time.Duration `yaml:"within"`
	// AtLimit says what a value equal to the limit is: inside, as on a label
	// (the default), or outside, as WHO's loggers judge.
	AtLimit string `yaml:"at_limit"`
}
