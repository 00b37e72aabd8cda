package wire

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestControlMessagesComeBackAsTheyWere(t *testing.T) {
	ack := Ack{Epoch: 3, Ranges: []AckRange{
		{Range: Range{From: 1, To: 60}, Outcome: Stored},
		{Range: Range{From: 61, To: 61}, Outcome: Quarantined, Reason: UnknownPoint},
		{Range: Range{From: 62, To: 99}, Outcome: RetryAfter, AfterMS: 5000},
	}}
	hello := Hello{Epoch: 3, Highest: 99, Generation: "g-1", At: morning}
	status := Status{Gateway: "gw-1", Site: "balagong", Online: true, Session: boot + "-1", At: morning, Boot: boot, Version: "v0.1.0",
		Epoch: 3, Oldest: 62, Next: 100, Undelivered: 38, Clock: ClockNTP, Faults: []string{"冷库一: timeout"}}
	inventory := Inventory{Gateway: "gw-1", Site: "balagong", Devices: []DeviceInfo{{Name: "xy-1", Bus: "line-1", Profile: "xy-md02",
		Points: []PointInfo{{ID: "balagong/mutton-1/air", Quantity: "temperature", Unit: "Cel"}}}}}

	roundTrip(t, ack, EncodeAck, DecodeAck)
	roundTrip(t, hello, EncodeHello, DecodeHello)
	roundTrip(t, status, EncodeStatus, DecodeStatus)
	roundTrip(t, Status{Gateway: "gw-1", Site: "balagong"}, EncodeStatus, DecodeStatus) // a last will
	roundTrip(t, inventory, EncodeInventory, DecodeInventory)
}

func roundTrip[T any](t *testing.T, want T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	b, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	// What tomorrow's release adds does not disturb today's.
	later := append([]byte(`{"added-later":{"a":[1]},`), b[1:]...)
	if got, err = decode(later); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with an unknown key: %v %+v", err, got)
	}
	for _, bad := range []string{"", "[]", "7", string(b[:len(b)-1]), strings.Repeat("[", 10_000)} {
		if _, err := decode([]byte(bad)); err == nil || ReasonOf(err) != Malformed {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	huge := append([]byte(`{"x":"`), make([]byte, 2<<20)...)
	if _, err := decode(huge); ReasonOf(err) != TooLarge || err == nil {
		t.Errorf("2 MiB: %v", err)
	}
}

func TestBadAcks(t *testing.T) {
	many := make([]string, maxAckRanges+1)
	for i := range many {
		many[i] = `{"from":1,"to":1,"outcome":"stored"}`
	}
	for name, payload := range map[string]string{
		"backwards":            `{"epoch":1,"ranges":[{"from":5,"to":4,"outcome":"stored"}]}`,
		"negative":             `{"epoch":1,"ranges":[{"from":-5,"to":4,"outcome":"stored"}]}`,
		"beyond 63 bits":       `{"epoch":1,"ranges":[{"from":5,"to":9223372036854775808,"outcome":"stored"}]}`,
		"no outcome":           `{"epoch":1,"ranges":[{"from":5,"to":6}]}`,
		"unknown outcome":      `{"epoch":1,"ranges":[{"from":5,"to":6,"outcome":"lost"}]}`,
		"retry before now":     `{"epoch":1,"ranges":[{"from":5,"to":6,"outcome":"retry-after","after_ms":-1}]}`,
		"retry next year":      `{"epoch":1,"ranges":[{"from":5,"to":6,"outcome":"retry-after","after_ms":31536000000}]}`,
		"a reason of any kind": `{"epoch":1,"ranges":[{"from":5,"to":6,"outcome":"quarantined","reason":"a\nb"}]}`,
		"too many ranges":      `{"epoch":1,"ranges":[` + strings.Join(many, ",") + `]}`,
	} {
		if _, err := DecodeAck([]byte(payload)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := EncodeAck(Ack{Epoch: 1, Ranges: []AckRange{{Range: Range{From: 2, To: 1}, Outcome: Stored}}}); err == nil {
		t.Error("encoded a range that runs backwards")
	}
}

func TestBadHellosStatusesAndInventories(t *testing.T) {
	for name, payload := range map[string]string{
		"no room for another epoch": fmt.Sprintf(`{"epoch":%d}`, uint64(math.MaxInt64)),
		"no room for a sequence":    fmt.Sprintf(`{"epoch":1,"highest":%d}`, uint64(math.MaxUint64)),
		"seen in no epoch":          `{"epoch":0,"highest":5}`,
		"generation of any kind":    `{"epoch":1,"generation":"\u0000"}`,
		"time of any kind":          `{"epoch":1,"at":"yesterday"}`,
	} {
		if _, err := DecodeHello([]byte(payload)); err == nil {
			t.Errorf("hello, %s: accepted", name)
		}
	}
	for name, payload := range map[string]string{
		"no gateway":        `{"site":"s"}`,
		"gateway of a path": `{"gateway":"../x","site":"s"}`,
		"range backwards":   `{"gateway":"g","site":"s","oldest":9,"next":8}`,
		"long fault":        `{"gateway":"g","site":"s","faults":["` + strings.Repeat("x", 300) + `"]}`,
		"many faults":       `{"gateway":"g","site":"s","faults":["` + strings.Repeat(`x","`, 40) + `"]}`,
		"control character": `{"gateway":"g","site":"s","version":"\u001b[2J"}`,
	} {
		if _, err := DecodeStatus([]byte(payload)); err == nil {
			t.Errorf("status, %s: accepted", name)
		}
	}
	for name, payload := range map[string]string{
		"no gateway":       `{"site":"s"}`,
		"point of no name": `{"gateway":"g","site":"s","devices":[{"name":"d","points":[{"id":"x"}]}]}`,
		"unit too long":    `{"gateway":"g","site":"s","devices":[{"name":"d","points":[{"id":"a/b/c","unit":"` + strings.Repeat("x", 99) + `"}]}]}`,
		"many devices":     `{"gateway":"g","site":"s","devices":[` + strings.Repeat(`{},`, 1000) + `{}]}`,
	} {
		if _, err := DecodeInventory([]byte(payload)); err == nil {
			t.Errorf("inventory, %s: accepted", name)
		}
	}
}

func TestAGatewayInGreatTroubleCanSaySo(t *testing.T) {
	s := Status{Gateway: "g", Site: "s", Online: true}
	for range 100 {
		s.Faults = append(s.Faults, strings.Repeat("冷\n", 500))
	}
	b, err := EncodeStatus(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeStatus(b)
	if err != nil || len(got.Faults) != maxFaults || got.Faults[0] != strings.Repeat("冷", maxFaultText/3) {
		t.Errorf("%d faults, %v", len(got.Faults), err)
	}
	if len(s.Faults) != 100 {
		t.Error("the caller's faults were changed")
	}
}

func TestTopics(t *testing.T) {
	a := Address{County: "sunite", Site: "balagong", Gateway: "gw-1"}
	topic := a.Topic(ChannelRecords)
	if topic != "coldchain/v1/sunite/balagong/gw-1/records" || Filter("sunite", ChannelRecords) != "coldchain/v1/sunite/+/+/records" {
		t.Errorf("topic %s", topic)
	}
	if got, c, err := ParseTopic(topic); err != nil || got != a || c != ChannelRecords {
		t.Errorf("%+v %s %v", got, c, err)
	}
	for _, bad := range []string{"", "coldchain", topic + "/x", "coldchain/v2/sunite/balagong/gw-1/records", "other/v1/sunite/balagong/gw-1/records",
		"coldchain/v1/sunite/balagong/gw-1/secrets", "coldchain/v1/sunite/balagong/GW/records", "coldchain/v1/sunite//gw-1/records", "coldchain/v1/sunite/+/gw-1/records", strings.Repeat("/", 70_000)} {
		if _, _, err := ParseTopic(bad); err == nil || len(err.Error()) > 300 {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
}

// TestLimitsOfASite: what DecodeCommand takes is what VersionOf names; anything
// else about it is refused.
func TestLimitsOfASite(t *testing.T) {
	good := SiteLimits{SilentAfterS: 600, Zones: []ZoneLimits{{Zone: "s/z", Quantity: "temperature", Hysteresis: 0.5, Lines: []LimitLine{{Side: "high", Level: "warning", Value: 4, DelayMS: 900_000}}}}}
	named := func(change func(*SiteLimits)) Command {
		l := good
		l.Zones = []ZoneLimits{{Zone: "s/z", Quantity: "temperature", Hysteresis: 0.5, Lines: []LimitLine{{Side: "high", Level: "warning", Value: 4, DelayMS: 900_000}}}}
		change(&l)
		version, err := VersionOf(l)
		if err != nil {
			t.Fatal(err)
		}
		if l.Version == "" {
			l.Version = version
		}
		return Command{Limits: &l}
	}
	payload, err := EncodeCommand(named(func(*SiteLimits) {}))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := DecodeCommand(payload); err != nil || c.Limits == nil || c.Limits.Zones[0].Lines[0] != good.Zones[0].Lines[0] {
		t.Errorf("%+v %v", c, err)
	}
	for name, change := range map[string]func(*SiteLimits){
		"another version": func(l *SiteLimits) { l.Version = "000000000000" },
		"no time":         func(l *SiteLimits) { l.SilentAfterS = 0 },
		"no zone":         func(l *SiteLimits) { l.Zones[0].Zone = "s" },
		"no quantity":     func(l *SiteLimits) { l.Zones[0].Quantity = "mood" },
		"a delay":         func(l *SiteLimits) { l.Zones[0].Lines[0].DelayMS = -1 },
		"hysteresis":      func(l *SiteLimits) { l.Zones[0].Hysteresis = -1 },
		"too many lines":  func(l *SiteLimits) { l.Zones[0].Lines = make([]LimitLine, maxLines+1) },
	} {
		if _, err := EncodeCommand(named(change)); err == nil {
			t.Errorf("%s: sent", name)
		}
	}
}

// An alarm of a site survives its detail; what is none says so.
func TestAlarmDetail(t *testing.T) {
	a := SiteAlarm{ID: "x", Rule: "high-limit", Level: "warning", Age: 61 * time.Second, By: "somebody"}
	if got, err := ParseAlarm(AlarmDetail(a)); err != nil || got != a {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []map[string]string{nil, {"rule": "x"}, {"age_ms": "1"}, {"rule": "x", "age_ms": "-1"}, {"rule": "x", "age_ms": "999999999999999"}} {
		if got, err := ParseAlarm(bad); err == nil {
			t.Errorf("%v is %+v", bad, got)
		}
	}
}
