package source

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

const (
	air  = sensors.PointID("xini/room/air")
	door = sensors.PointID("xini/room/door")
)

var received = time.Date(2026, 11, 23, 4, 0, 0, 123_456_789, time.UTC)

func ofPoint(p sensors.PointID, q sensors.Quantity, path string, change ...func(*Field)) Field {
	f := Field{Point: sensors.Point{ID: p, Quantity: q}, Path: path, Scale: 1}
	for _, c := range change {
		c(&f)
	}
	return f
}

func decoded(t testing.TB, o Options, m Message) string {
	t.Helper()
	o.Name, o.Filter = "s", "#"
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if m.Received.IsZero() {
		m.Received = received
	}
	records, refused := s.Decode(m)
	var out []string
	for _, r := range records {
		line := r.Reading.String() + " " + string(r.Unit)
		if raw, ok := r.Reading.Raw(); ok {
			line += fmt.Sprintf(" raw %g", raw)
		}
		out = append(out, line)
	}
	for _, r := range refused {
		out = append(out, strings.TrimSpace(string(r.Reason)+" "+r.Point)+": "+r.Detail)
	}
	return strings.Join(out, "\n")
}

// The messages of senders that people have, as their manuals print them.
func TestRealSenders(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	chirpstack := Options{Time: Time{Path: "time", Unit: "rfc3339"}, Fields: []Field{
		ofPoint(air, sensors.Temperature, "object.temperature", func(f *Field) { f.Match = map[string]string{"deviceInfo.devEui": "0101010101010101"} }),
		ofPoint(door, sensors.Door, "object.open", func(f *Field) { f.Match = map[string]string{"deviceInfo.devEui": "0101010101010101"} }),
	}}
	tasmota := Options{Time: Time{Path: "Time", Unit: "local", Zone: shanghai}, Fields: []Field{
		ofPoint(air, sensors.Temperature, "DS18B20.Temperature", func(f *Field) { f.Topic = "tele/room/SENSOR" }),
	}}
	zigbee := Options{Time: Time{Unit: "received"}, Fields: []Field{
		ofPoint(air, sensors.Temperature, "temperature", func(f *Field) { f.Topic = "zigbee2mqtt/room" }),
		ofPoint(door, sensors.Door, "contact", func(f *Field) { f.Topic = "zigbee2mqtt/door"; f.Scale, f.Offset = -1, 1 }),
	}}
	for _, c := range []struct {
		name, topic, payload string
		o                    Options
		want                 string
	}{
		{"ChirpStack", "application/1/device/0101010101010101/event/up",
			`{"deviceInfo":{"devEui":"0101010101010101"},"time":"2026-11-23T11:59:00.775023242+08:00","fCnt":10,"object":{"temperature":4.25,"open":true}}`,
			chirpstack, "xini/room/air 2026-11-23T03:59:00.775Z 4.25 good Cel\nxini/room/door 2026-11-23T03:59:00.775Z 1 good /"},
		{"ChirpStack, another device", "application/1/device/02/event/up",
			`{"deviceInfo":{"devEui":"02"},"time":"2026-11-23T11:59:00+08:00","object":{"temperature":4.25}}`,
			chirpstack, "unknown-point: no point of source s is for this message: its topic and fields match none"},
		{"Tasmota", "tele/room/SENSOR", `{"Time":"2026-11-23T11:59:00","DS18B20":{"Id":"00000ADC45D9","Temperature":-18.1},"TempUnit":"C"}`,
			tasmota, "xini/room/air 2026-11-23T03:59:00.000Z -18.1 good Cel"},
		{"Tasmota, no probe", "tele/room/SENSOR", `{"Time":"2026-11-23T11:59:00","DS18B20":{"Id":"00000ADC45D9","Temperature":null}}`,
			tasmota, "xini/room/air 2026-11-23T03:59:00.000Z bad(sensor-fault) Cel"},
		{"Zigbee2MQTT", "zigbee2mqtt/room", `{"battery":97,"linkquality":123,"temperature":3.5}`,
			zigbee, "xini/room/air 2026-11-23T04:00:00.123Z 3.5 good(received-time) Cel"},
		{"Zigbee2MQTT, a contact that is open", "zigbee2mqtt/door", `{"contact":false}`,
			zigbee, "xini/room/door 2026-11-23T04:00:00.123Z 1 good(received-time) / raw 0"},
		{"Zigbee2MQTT, only what has changed", "zigbee2mqtt/room", `{"linkquality":120}`, zigbee, ""},
		{"a plain SenML device", "senders/logger", `[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","bt":1763870340.5,"u":"Cel","v":-18.5}]`,
			Options{Names: map[string]sensors.PointID{"urn:dev:ow:10e2073a01080063:temp": air}}, "xini/room/air 2025-11-23T03:59:00.500Z -18.5 good Cel"},
	} {
		if got := decoded(t, c.o, Message{Topic: c.topic, Payload: []byte(c.payload)}); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// What is not what the mapping says is refused with a reason, and never made to
// fit.
func TestRefusals(t *testing.T) {
	seconds := Options{Time: Time{Path: "ts", Unit: "s"}, Fields: []Field{ofPoint(air, sensors.Temperature, "v.0", func(f *Field) { f.Scale = 0.1 })}}
	millis := seconds
	millis.Time.Unit = "ms"
	stamp := seconds
	stamp.Time.Unit = "rfc3339"
	live := seconds
	live.Time = Time{Unit: "received"}
	senml := Options{Names: map[string]sensors.PointID{"a:temp": air}}
	for _, c := range []struct {
		name string
		o    Options
		m    Message
		want string // a part
	}{
		{"scale, and the sent number beside it", seconds, Message{Payload: []byte(`{"ts":1763870340.25,"v":[-185]}`)}, "2025-11-23T03:59:00.250Z -18.5 good Cel raw -185"},
		{"a number in quotes", millis, Message{Payload: []byte(`{"ts":"1763870340250","v":["-185"]}`)}, "03:59:00.250Z -18.5 good"},
		{"seconds since the device's start", seconds, Message{Payload: []byte(`{"ts":12345,"v":[1]}`)}, "relative-time: time in field ts: 12345 s is not counted from 1970"},
		{"milliseconds taken for seconds", seconds, Message{Payload: []byte(`{"ts":1763870340250,"v":[1]}`)}, "bad-time: time in field ts: 1763870340250 s is beyond the year 9999"},
		{"seconds taken for milliseconds", millis, Message{Payload: []byte(`{"ts":1763870340,"v":[1]}`)}, "relative-time"},
		{"no time", seconds, Message{Payload: []byte(`{"v":[1]}`)}, "bad-time: time in field ts: the field is not there"},
		{"a time that is true", seconds, Message{Payload: []byte(`{"ts":true,"v":[1]}`)}, "bad-time"},
		{"a time without zone", stamp, Message{Payload: []byte(`{"ts":"2026-11-23T11:59:00","v":[1]}`)}, `bad-time: time in field ts: "2026-11-23T11:59:00" is not a time of the form rfc3339`},
		{"a number where rfc3339 belongs", stamp, Message{Payload: []byte(`{"ts":1763870340,"v":[1]}`)}, "it is not text"},
		{"words", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":["ERR"]}`)}, `bad-value xini/room/air: field v.0: "ERR" is not a number`},
		{"NaN in quotes", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":["NaN"]}`)}, "bad-value"},
		{"a hexadecimal", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":["0x10"]}`)}, "bad-value"},
		{"beyond a float", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":[1e999]}`)}, "bad-value"},
		{"an object for a value", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":[{}]}`)}, "bad-value"},
		{"a field twice", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":[1],"v":[2]}`)}, `malformed: message: field "v" came twice`},
		{"a list", seconds, Message{Payload: []byte(`[1]`)}, "malformed: message: it is not a JSON object"},
		{"cut short", seconds, Message{Payload: []byte(`{"ts":17638`)}, "malformed"},
		{"two objects", seconds, Message{Payload: []byte(`{}{}`)}, "something follows"},
		{"nothing", seconds, Message{}, "malformed"},
		{"nested without end", seconds, Message{Payload: []byte(`{"a":` + strings.Repeat("[", 60_000))}, "nested deeper than 16"},
		{"too long", seconds, Message{Payload: []byte(`{}`), Length: MaxPayload + 1}, "too-large: message: 65537 bytes"},
		{"kept by the broker, without a time", live, Message{Payload: []byte(`{"v":[1]}`), Retained: true}, "bad-time: the message was kept by the broker"},
		{"kept by the broker, with a time", seconds, Message{Payload: []byte(`{"ts":1763870340,"v":[1]}`), Retained: true}, "0.1 good"},
		{"SenML of another name", senml, Message{Payload: []byte(`[{"n":"a:hum","bt":1763870340,"u":"%RH","v":1}]`)}, "unknown-point a:hum"},
		{"SenML with a relative time", senml, Message{Payload: []byte(`[{"n":"a:temp","t":-60,"u":"Cel","v":1}]`)}, "relative-time a:temp"},
		{"SenML without a time", senml, Message{Payload: []byte(`[{"n":"a:temp","u":"Cel","v":1}]`)}, "bad-time a:temp"},
		{"SenML with a gap", senml, Message{Payload: []byte(`[{"n":"a:temp","t":1763870340,"k":"gap","gd":60,"vs":"restart"}]`)}, "malformed: gaps and events are taken from gateways alone"},
	} {
		if got := decoded(t, c.o, c.m); !strings.Contains(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// A repetition has the same number; whatever differs has another.
func TestSequenceTellsRepetitionFromContradiction(t *testing.T) {
	at := received.Truncate(time.Millisecond)
	base := sensors.NewGood(air, at, -18.5)
	if Sequence(base) != Sequence(sensors.NewGood(air, at, -18.5)) {
		t.Error("a repetition has another number")
	}
	seen := map[uint64]string{Sequence(base): "the reading"}
	for name, r := range map[string]sensors.Reading{
		"another value": sensors.NewGood(air, at, -18.4), "another time": sensors.NewGood(air, at.Add(time.Millisecond), -18.5),
		"another point": sensors.NewGood(door, at, -18.5), "another quality": sensors.NewUncertain(air, at, -18.5, ""),
		"a reason": sensors.NewUncertain(air, at, -18.5, "flat-line"), "no value": sensors.NewBad(air, at, "flat-line"), "a raw number": base.WithRaw(-185),
	} {
		n := Sequence(r)
		if other, taken := seen[n]; taken || n > 1<<63-1 {
			t.Errorf("%s has the number of %s, or one that no store takes: %d", name, other, n)
		}
		seen[n] = name
	}
}

// Whatever comes, a reading is of a point of the mapping, with a time that
// somebody stated, and whatever is refused has a reason.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"ts":1763870340,"v":-18.5,"id":"a"}`, `{"ts":"1763870340","v":"-18.5","id":1}`, `{"ts":1e300,"v":true}`, `{"v":null,"id":"a","ts":1763870340}`,
		`[{"n":"a:temp","bt":1763870340,"u":"Cel","v":1}]`, `{"a":[[[[{"b":1}]]]]}`, "{\"\xff\":1}", `{"ts":-0.0}`,
	} {
		f.Add([]byte(seed))
	}
	var all []*Source
	for _, o := range []Options{
		{Time: Time{Path: "ts", Unit: "s"}}, {Time: Time{Path: "ts", Unit: "ms"}}, {Time: Time{Path: "ts", Unit: "rfc3339"}},
		{Time: Time{Path: "ts", Unit: "local", Zone: time.UTC}}, {Time: Time{Unit: "received"}},
	} {
		o.Fields = []Field{
			ofPoint(air, sensors.Temperature, "v", func(f *Field) { f.Match = map[string]string{"id": "a"}; f.Scale, f.Offset = 1e6, -1e6 }),
			ofPoint(door, sensors.Door, "v"),
		}
		o.Name, o.Filter = "s", "#"
		s, err := New(o)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, s)
	}
	senml, err := New(Options{Name: "s", Filter: "#", Names: map[string]sensors.PointID{"a:temp": air}})
	if err != nil {
		f.Fatal(err)
	}
	all = append(all, senml)
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, s := range all {
			records, refused := s.Decode(Message{Topic: "t", Payload: payload, Received: received})
			for _, r := range records {
				if p := r.Reading.Point; p != air && p != door {
					t.Fatalf("reading of %s", p)
				}
				ms := r.Reading.Time.UnixMilli()
				if !r.Reading.Time.Equal(time.UnixMilli(ms)) || (s.o.Time.Unit == "s" || s.o.Time.Unit == "ms") && ms < relative*1000 {
					t.Fatalf("time %s", r.Reading.Time)
				}
				if v, ok := r.Reading.Value(); ok && (v != v || v-v != 0) {
					t.Fatalf("value %v", v)
				}
				_ = Sequence(r.Reading)
			}
			for _, r := range refused {
				if r.Reason == "" || r.Detail == "" {
					t.Fatalf("refused without a reason: %+v", r)
				}
			}
		}
	})
}
