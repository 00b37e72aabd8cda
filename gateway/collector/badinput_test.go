package collector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// What is wrong with one record is kept apart with its reason; the good
// readings of the same message are stored.
func TestABadRecordIsQuarantinedAndItsNeighboursAreStored(t *testing.T) {
	unit := func(r wire.Record, u sensors.Unit) wire.Record { r.Unit = u; return r }
	cases := []struct {
		name string
		bad  func(now time.Time) wire.Record
		want wire.QuarantineReason
	}{
		{"a point nobody has configured", func(now time.Time) wire.Record {
			return reading(2, "balagong/mutton/core", now, -18)
		}, wire.UnknownPoint},
		{"a wrong unit", func(now time.Time) wire.Record {
			return unit(reading(2, air, now.Add(time.Second), -18), sensors.PercentRH)
		}, wire.WrongUnit},
		{"a value that cannot be", func(now time.Time) wire.Record {
			return reading(2, air, now.Add(time.Second), 6553.5)
		}, wire.OutOfRange},
		{"a time next year", func(now time.Time) wire.Record {
			return reading(2, air, now.AddDate(1, 0, 0), -18)
		}, wire.TimeInFuture},
		{"a time long ago", func(now time.Time) wire.Record {
			return reading(2, air, now.AddDate(-2, 0, 0), -18)
		}, wire.TimeInPast},
		{"a point of another site", func(now time.Time) wire.Record {
			return reading(2, "xini/mutton/air", now, -18)
		}, wire.WrongSender},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				now := time.Now()
				r.sendRecords(reading(1, air, now, -18.1), c.bad(now), reading(3, air, now.Add(2*time.Second), -18.3))
				if got := r.quarantined(); got[c.want] != 1 || len(got) != 1 {
					t.Errorf("quarantined %v; want one %s", got, c.want)
				}
				if got := r.stored(air); len(got) != 2 {
					t.Errorf("stored %v; want the two good ones", got)
				}
				var outcomes []string
				for _, a := range r.wire.acks(t) {
					outcomes = append(outcomes, fmt.Sprintf("%d-%d %s", a.From, a.To, a.Outcome))
				}
				if got, want := strings.Join(outcomes, ", "), "1-1 stored, 2-2 quarantined, 3-3 stored"; got != want {
					t.Errorf("acknowledged %s; want %s", got, want)
				}
			})
		})
	}
}

// A message nothing in which can be trusted is kept apart as a whole and not
// acknowledged.
func TestABadMessageIsQuarantinedAsAWhole(t *testing.T) {
	records := here.Topic(wire.ChannelRecords)
	bomb := []byte(strings.Repeat("[", 100_000))
	cases := []struct {
		name, topic string
		payload     []byte
		want        wire.QuarantineReason
	}{
		{"malformed CBOR", records, []byte{0x9f, 0xff, 0x00, 0x1b}, wire.Malformed},
		{"a JSON bomb", records, bomb, ""},
		{"nothing", records, nil, wire.Malformed},
		{"text", records, []byte("hello"), wire.Malformed},
		{"a gateway that is not configured", wire.Address{County: "hangjin", Site: "balagong", Gateway: "stranger"}.Topic(wire.ChannelRecords), []byte("[]"), wire.WrongSender},
		{"a gateway under another's site", wire.Address{County: "hangjin", Site: "xini", Gateway: "balagong-gw"}.Topic(wire.ChannelRecords), []byte("[]"), wire.WrongSender},
		{"a status in another's name", here.Topic(wire.ChannelStatus), []byte(`{"gateway":"xini-gw","site":"xini","online":true}`), wire.Malformed},
		{"an inventory that is none", here.Topic(wire.ChannelInventory), []byte(`{`), wire.Malformed},
		{"a topic of another protocol", "coldchain/v9/hangjin/balagong/balagong-gw/records", []byte("[]"), wire.WrongSender},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				r.send(c.topic, c.payload)
				got := r.quarantined()
				if len(got) != 1 || c.want != "" && got[c.want] != 1 {
					t.Errorf("quarantined %v; want one %s", got, c.want)
				}
				if acks := r.wire.acks(t); len(acks) != 0 {
					t.Errorf("acknowledged %+v", acks)
				}
				r.sendRecords(reading(1, air, time.Now(), -18))
				if len(r.stored(air)) != 1 {
					t.Error("a good message after the bad one was not stored")
				}
			})
		})
	}
}

// NaN, a relative time and 1970 cannot even be encoded by our own edge, so
// they come as a stranger would write them.
func TestHostileSenMLIsRefusedRecordByRecord(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := float64(time.Now().UnixMilli()) / 1000
		good := `{"n":"balagong/mutton/air","u":"Cel","t":%.3f,"v":-18}`
		text := fmt.Sprintf(`[{"ep":1,"bsq":1,"old":1,"nxt":5,"boot":"b1","n":"balagong/mutton/air","u":"Cel","t":%.3f,"v":-18},
			{"n":"balagong/mutton/air","u":"Cel","t":12,"v":-18},
			{"n":"balagong/mutton/air","u":"Cel","t":%.3f,"v":"NaN"},
			`+good+`]`, now, now+1, now+2)
		r.send(here.Topic(wire.ChannelRecords), []byte(text))
		got := r.quarantined()
		if got[wire.RelativeTime] != 1 || got[wire.BadValue] != 1 {
			t.Errorf("quarantined %v; want a relative time and a bad value", got)
		}
		if s := r.stored(air); len(s) != 2 {
			t.Errorf("stored %v; want the two good ones", s)
		}
	})
}

func TestAReadingOlderThanWhatIsKeptIsQuarantinedAsExpired(t *testing.T) {
	now := time.UnixMilli(1_795_000_000_000).UTC()
	g := Registry{Points: map[sensors.PointID]sensors.Quantity{air: sensors.Temperature, humidity: sensors.Humidity}, Keep: map[sensors.PointID]time.Duration{air: 410 * 24 * time.Hour}}
	for _, c := range []struct {
		name string
		p    sensors.PointID
		age  time.Duration
		want wire.QuarantineReason
	}{
		{"as old as it may be", air, 399 * 24 * time.Hour, ""},
		{"older than any journal keeps", air, 405 * 24 * time.Hour, wire.TimeInPast},
		{"older than what is kept", air, 411 * 24 * time.Hour, wire.Expired},
		{"of a point that is kept for ever", humidity, 411 * 24 * time.Hour, wire.TimeInPast},
	} {
		_, why := g.admit(here, 1, reading(1, c.p, now.Add(-c.age), 50), now)
		got := wire.QuarantineReason("")
		if why != nil {
			got = why.reason
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %q", c.name, why, c.want)
		}
	}
}
