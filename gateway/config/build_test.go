package config

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// builtCounty is a county as a program builds it.
func builtCounty() *County {
	return &County{
		County: "hangjin", Data: "demo-data", Broker: Broker{Listen: "127.0.0.1:0"},
		Sites: []Site{
			{ID: "balagong", Kind: TownshipStore, Name: Label{ZH: "巴拉贡"}, Gateway: "balagong-gw", Zones: []Zone{
				{ID: "mutton-1", Kind: Frozen, Points: map[string]string{"air": "temperature", "humidity": "humidity"}},
				{ID: "link", Kind: Technical, Points: map[string]string{"mains": "mains"}},
			}},
			{ID: "truck-1", Kind: Truck, Gateway: "truck-1-gw", Zones: []Zone{
				{ID: "box", Kind: ChilledBox, Points: map[string]string{"air": "temperature"}, Limits: map[string][]Limit{
					"temperature": {{Side: "high", Level: "warning", Value: 5, Delay: time.Minute}},
				}, Hysteresis: map[string]float64{"temperature": 0.2}},
			}},
		},
	}
}

func TestBuiltInCode(t *testing.T) {
	c := builtCounty()
	c.ApplyDefaults()
	if problems := c.Validate(); len(problems) > 0 {
		t.Fatalf("a sound county is refused: %v", problems)
	}
	c.Sites[1].Zones[0].Limits["temperature"][0].Value = math.NaN()
	c.Sites[1].Gateway = "balagong-gw"
	c.Sites[0].Zones[1].Kind = Chilled
	var got []string
	for _, p := range c.Validate() {
		got = append(got, p.String())
	}
	want := []string{
		`sites[0].zones[1].points: zone "link" holds goods (chilled) and has no temperature point; add a temperature point, or use kind technical for a place without goods`,
		`sites[1].gateway: gateway "balagong-gw" is already there at sites[0].gateway; each site has its own gateway`,
		`sites[1].zones[0].limits.temperature[0].value: high limit NaN cannot be reached by temperature; want -90 to 150 °C`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	e := &Edge{County: "hangjin", Site: "balagong", Gateway: "balagong-gw", Data: "x", MQTT: MQTT{Server: "tcp://127.0.0.1:1883"},
		Buses:   []Bus{{Name: "line1", ModbusTCP: "127.0.0.1:5020"}},
		Devices: []Device{{Name: "probe1", Bus: "line1", Zone: "mutton-1", Profile: "xy-md02", Slave: 1, Points: map[string]string{"air": "temperature"}}}}
	e.ApplyDefaults()
	if problems := e.Validate(); len(problems) > 0 {
		t.Fatalf("a sound edge is refused: %v", problems)
	}
	e.Devices[0].Slave = 0
	if got := e.Validate(); len(got) != 1 || got[0].Key != "devices[0].slave" {
		t.Errorf("a device without slave: got %v", got)
	}
}

func TestDefaults(t *testing.T) {
	e := &Edge{Sampling: Sampling{Interval: 5 * time.Second}, Buses: []Bus{{}}}
	e.ApplyDefaults()
	if e.Sampling.OutsideInterval != 5*time.Second || e.Journal.Commit != time.Second || e.Journal.Keep != 720*time.Hour || e.Buses[0].Timeout != time.Second {
		t.Errorf("got %+v", e)
	}
	c := builtCounty()
	c.ApplyDefaults()
	once := builtCounty()
	once.ApplyDefaults()
	c.ApplyDefaults()
	if !reflect.DeepEqual(c, once) {
		t.Error("applying the defaults again changes them")
	}
	if c.Timezone != "Asia/Shanghai" || c.Web.Listen != "127.0.0.1:8080" || c.Name != (Label{"hangjin", "hangjin"}) || c.Sites[0].Name != (Label{"巴拉贡", "巴拉贡"}) {
		t.Errorf("got %+v", c)
	}
	if c.Sites[0].SilentAfter != 10*time.Minute || c.Sites[1].SilentAfter != 20*time.Minute {
		t.Errorf("silent after %s and %s, want 10m and 20m", c.Sites[0].SilentAfter, c.Sites[1].SilentAfter)
	}
}

func goods(air sensors.PointID, kind string) *alerting.Product {
	tau, limits, _ := alerting.DefaultProduct(kind)
	return &alerting.Product{Air: air, TimeConstant: tau, Limits: limits}
}

// shown is of a zone with limits of its own.
func shown(air sensors.PointID, kind string) *alerting.Product {
	p := goods(air, kind)
	p.Limits = nil
	return p
}

func TestProductOfAZone(t *testing.T) {
	tau, limits, _ := alerting.DefaultProduct("chilled")
	points := map[string]string{"core": "temperature", "rear": "temperature", "front": "temperature", "door": "door"}
	two := map[string]string{"rear": "temperature", "front": "temperature", "door": "door"}
	own := []Limit{{Side: "high", Level: "excursion", Value: 5, Delay: time.Hour}}
	for _, c := range []struct {
		what string
		zone Zone
		want *alerting.Product
	}{
		{"the first point by name stands for the air", Zone{Kind: Chilled, Points: two}, &alerting.Product{Air: "s/z/front", TimeConstant: tau, Limits: limits}},
		{"a named one", Zone{Kind: Chilled, Points: two, Product: Product{Air: "rear", TimeConstant: time.Hour, Limits: own}},
			&alerting.Product{Air: "s/z/rear", TimeConstant: time.Hour, Limits: []alerting.Limit{own[0].limit()}}},
		{"a point called core is in the goods, and not the air", Zone{Kind: Chilled, Points: points},
			&alerting.Product{Probe: "s/z/core", Air: "s/z/front", TimeConstant: tau, Limits: limits}},
		{"unless it is said to be the air", Zone{Kind: Chilled, Points: points, Product: Product{Air: "core", Probe: "rear"}},
			&alerting.Product{Probe: "s/z/rear", Air: "s/z/core", TimeConstant: tau, Limits: limits}},
		{"a room with limits of its own has none for the goods until somebody says them", Zone{Kind: Chilled, Points: two, Limits: map[string][]Limit{"temperature": own}},
			&alerting.Product{Air: "s/z/front", TimeConstant: tau}},
		{"but a probe goes on being judged by them", Zone{Kind: Chilled, Points: points, Limits: map[string][]Limit{"temperature": own}},
			&alerting.Product{Probe: "s/z/core", Air: "s/z/front", TimeConstant: tau, Limits: []alerting.Limit{own[0].limit()}}},
		{"switched off", Zone{Kind: Chilled, Points: two, Product: Product{Estimate: "none"}}, nil},
		{"no goods", Zone{Kind: Technical, Points: points}, nil},
	} {
		if got := c.zone.product("s/z"); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}

func TestMasksOfAZone(t *testing.T) {
	points := map[string]string{"air": "temperature", "defrost": "defrost", "door": "door"}
	defrost, _ := alerting.DefaultMask(sensors.Defrost)
	door, _ := alerting.DefaultMask(sensors.Door)
	long := door
	long.For, long.Above = 20*time.Minute, 1
	for _, c := range []struct {
		what string
		zone Zone
		want map[sensors.Quantity]alerting.Mask
	}{
		{"both by default", Zone{Kind: Chilled, Points: points}, map[sensors.Quantity]alerting.Mask{sensors.Defrost: defrost, sensors.Door: door}},
		{"one of its own, one not at all", Zone{Kind: Chilled, Points: points, Masks: map[string]Mask{"door": {For: 20 * time.Minute, Above: 1}, "defrost": {}}},
			map[sensors.Quantity]alerting.Mask{sensors.Door: long}},
		{"no switch", Zone{Kind: Chilled, Points: map[string]string{"air": "temperature"}}, nil},
		{"no goods", Zone{Kind: Technical, Points: points}, nil},
	} {
		if got := c.zone.masks(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}

// Defrosts are learned where no switch tells of them, and nobody forbids it.
func TestWhereDefrostsAreLearned(t *testing.T) {
	for _, c := range []struct {
		what string
		zone Zone
		want bool
	}{
		{"no switch", Zone{Kind: Frozen, Points: map[string]string{"air": "temperature", "door": "door"}}, true},
		{"a switch", Zone{Kind: Frozen, Points: map[string]string{"air": "temperature", "defrost": "defrost"}}, false},
		{"forbidden", Zone{Kind: Frozen, Points: map[string]string{"air": "temperature"}, Masks: map[string]Mask{"defrost": {}}}, false},
		{"no temperature", Zone{Kind: Frozen, Points: map[string]string{"door": "door"}}, false},
		{"no goods", Zone{Kind: Technical, Points: map[string]string{"air": "temperature"}}, false},
	} {
		if got := c.zone.learnsDefrost(); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestEngineZones(t *testing.T) {
	for _, filled := range []bool{false, true} {
		c := builtCounty()
		if filled {
			c.ApplyDefaults()
		}
		zones := c.EngineZones()
		standard, margin, _ := alerting.DefaultLimits("frozen")
		want := []alerting.Zone{
			{ID: "balagong/mutton-1", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: standard},
				Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: margin, sensors.Humidity: 3}, Product: goods("balagong/mutton-1/air", "frozen"), LearnsDefrost: true},
			{ID: "balagong/link", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Mains: alerting.SwitchLimits(sensors.Mains, false)}, Hysteresis: map[sensors.Quantity]float64{}},
			{ID: "truck-1/box", Limits: map[sensors.Quantity][]alerting.Limit{
				sensors.Temperature: {{Side: alerting.High, Level: alerting.Warning, Value: 5, Delay: time.Minute}}},
				Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: 0.2}, Product: shown("truck-1/box/air", "chilled-box")},
		}
		if !reflect.DeepEqual(zones, want) {
			t.Errorf("defaults filled %v: got\n%+v\nwant\n%+v", filled, zones, want)
		}
	}
	points := builtCounty().Points()
	want := []sensors.Point{
		{ID: "balagong/link/mains", Quantity: sensors.Mains}, {ID: "balagong/mutton-1/air", Quantity: sensors.Temperature},
		{ID: "balagong/mutton-1/humidity", Quantity: sensors.Humidity}, {ID: "truck-1/box/air", Quantity: sensors.Temperature},
	}
	if !reflect.DeepEqual(points, want) {
		t.Errorf("got %v, want %v", points, want)
	}
}

// TestDefaultLimitsAreSound holds the standard limits of every kind of zone
// against the rules for what people write.
func TestDefaultLimitsAreSound(t *testing.T) {
	for _, kind := range zoneKinds {
		c := builtCounty()
		c.Sites[0].Zones[0].Kind = kind
		c.ApplyDefaults()
		if problems := c.Validate(); len(problems) > 0 {
			t.Errorf("%s: %v", kind, problems)
		}
		if has := len(c.Sites[0].Zones[0].Limits) > 0; has != (kind != Technical) {
			t.Errorf("%s: has limits: %v", kind, has)
		}
	}
}

// TestEveryFieldCanBeDecoded meets a field that was added to the structs
// without a yaml name or of a type the decoder does not know.
func TestEveryFieldCanBeDecoded(t *testing.T) {
	known := []reflect.Kind{reflect.String, reflect.Float64, reflect.Uint8, reflect.Uint16, reflect.Uint32}
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Struct:
			for i := range typ.NumField() {
				f := typ.Field(i)
				if f.Tag.Get("yaml") == "" {
					t.Errorf("%s.%s has no yaml name", path, f.Name)
				}
				walk(path+"."+f.Name, f.Type)
			}
		case reflect.Slice, reflect.Map, reflect.Pointer:
			walk(path, typ.Elem())
		default:
			if typ != durationType && typ != sizeType && typ != ageType && !slices.Contains(known, typ.Kind()) {
				t.Errorf("%s is a %s, which the decoder cannot read", path, typ)
			}
		}
	}
	walk("Edge", reflect.TypeFor[Edge]())
	walk("County", reflect.TypeFor[County]())
}

func TestLoad(t *testing.T) {
	e, err := LoadEdge("testdata/edge-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if e.Devices[1].Address != 0x44 || *e.Limits[0].Low != -1 || e.Journal.Keep != DefaultKeep || e.Devices[0].Points["humidity"] != "humidity" {
		t.Errorf("got %+v", e)
	}
	c, err := LoadCounty("testdata/county-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Sites[0].Zones[0].Limits["temperature"][1]; got != (Limit{Side: "high", Level: "excursion", Value: -15, Delay: time.Hour}) {
		t.Errorf("got %+v", got)
	}
	if _, err := LoadEdge("testdata/limits-upside-down.yaml"); err == nil || err.Error() != "testdata/limits-upside-down.yaml:34: low limit 4 is not below high limit -1; correct one of the two values" {
		t.Errorf("got %v", err)
	}
	if e, err := LoadEdge("testdata/bus-unused.yaml"); err != nil || e == nil {
		t.Errorf("a warning must not refuse the file: %v", err)
	}
	if _, err := LoadEdge("testdata/no-such.yaml"); err == nil {
		t.Error("a missing file is accepted")
	}
	if got := Check("testdata/no-such.yaml"); len(got) != 1 || got[0].String() != "read configuration testdata/no-such.yaml: no such file or directory" {
		t.Errorf("got %v", got)
	}
}

func TestSecretReadableByEverybody(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "token")
	if err := os.WriteFile(path, []byte("t\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/county-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "county.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "web:\n", "web:\n  token_file: "+path+"\n", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	got := Check(file)
	if len(got) != 1 || !got[0].Warning || got[0].Line != 11 || Refusal(got) != nil {
		t.Errorf("got %v, want one warning on line 11", got)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if got := Check(file); len(got) != 0 {
		t.Errorf("a file of the group's is enough: %v", got)
	}
}
