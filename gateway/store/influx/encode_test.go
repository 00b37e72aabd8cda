package influx

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	protocol "github.com/influxdata/line-protocol"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 5_000_000, time.UTC)

const room = sensors.PointID("balagong/mutton-1/air")

func encode(r store.Record) string {
	return string(appendRecord(nil, appendTags(nil, "sonid", r.Point), r))
}

func TestLines(t *testing.T) {
	const tags = "temperature,county=sonid,point=balagong/mutton-1/air,site=balagong,zone=balagong/mutton-1 "
	const identity = `epoch=2i,sequence=7i,gateway="gw-1"`
	for _, c := range []struct {
		name          string
		reading       sensors.Reading
		reconstructed bool
		want          string
	}{
		{"good", sensors.NewGood(room, noon, -18.5), false, `,value=-18.5`},
		{"an integer is still a float", sensors.NewGood(room, noon, 4), false, `,value=4`},
		{"tiny", sensors.NewGood(room, noon, 5e-324), false, `,value=5e-324`},
		{"huge", sensors.NewGood(room, noon, math.MaxFloat64), false, `,value=1.7976931348623157e+308`},
		{"raw", sensors.NewGood(room, noon, -18.5).WithRaw(-18.9), false, `,value=-18.5,raw=-18.9`},
		{"uncertain", sensors.NewUncertain(room, noon, 4, sensors.FlatLine), false, `,value=4,quality="uncertain",reason="flat-line"`},
		{"bad", sensors.NewBad(room, noon, sensors.SensorFault).WithRaw(32767), false, `,raw=32767,quality="bad",reason="sensor-fault"`},
		{"reconstructed", sensors.NewBad(room, noon, ""), true, `,quality="bad",flags="reconstructed"`},
		{"text is escaped", sensors.NewBad(room, noon, `a "b" \ 断`), false, `,quality="bad",reason="a \"b\" \\ 断"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := store.Record{Reading: c.reading, Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 2, Seq: 7, Reconstructed: c.reconstructed}
			if got, want := encode(r), tags+identity+c.want+" 1773489600005000000"; got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestNamesAreEscaped(t *testing.T) {
	if got, want := string(appendName(nil, "a b,c=d")), `a\ b\,c\=d`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFluxTextIsOneLiteral(t *testing.T) {
	for in, want := range map[string]string{
		`balagong/mutton-1/air`: `"balagong/mutton-1/air"`,
		`x" or true or "`:       `"x\x22 or true or \x22"`,
		`\`:                     `"\x5c"`,
		`${r.point}`:            `"\x24{r.point}"`,
		"a\nb\x00":              `"a\x0ab\x00"`,
		"库房":                    `"库房"`,
	} {
		if got := text(in); got != want {
			t.Errorf("text(%q) is %s, want %s", in, got, want)
		}
	}
}

// FuzzEncode holds our encoder against the parser InfluxData wrote.
func FuzzEncode(f *testing.F) {
	f.Add(-18.5, -18.9, true, uint8(2), "", uint64(1), uint64(7), int64(1773489600005), false)
	f.Add(0.1, 0.0, false, uint8(1), `a "b" \`, uint64(1<<63-1), uint64(1<<63-1), int64(0), true)
	f.Add(5e-324, math.MaxFloat64, true, uint8(0), `\"`, uint64(0), uint64(0), int64(-1), false)
	f.Add(1e21, math.Copysign(0, -1), true, uint8(2), "探头 , = i", uint64(3), uint64(4), int64(9214646399999), false)
	f.Fuzz(func(t *testing.T, value, raw float64, hasRaw bool, quality uint8, reason string, epoch, seq uint64, ms int64, reconstructed bool) {
		at := time.UnixMilli(ms).UTC()
		var reading sensors.Reading
		switch quality % 3 {
		case 0:
			reading = sensors.NewBad(room, at, sensors.Reason(reason))
		case 1:
			reading = sensors.NewUncertain(room, at, value, sensors.Reason(reason))
		default:
			reading = sensors.NewGood(room, at, value)
		}
		if hasRaw {
			reading = reading.WithRaw(raw)
		}
		r := store.Record{Reading: reading, Quantity: sensors.Humidity, Gateway: "gw-1", Epoch: epoch, Seq: seq, Reconstructed: reconstructed}
		if r.Check() != nil {
			t.Skip("no engine is asked to keep it")
		}
		compare(t, r, encode(r))
	})
}

func compare(t *testing.T, r store.Record, line string) {
	t.Helper()
	metrics, err := protocol.NewParser(protocol.NewMetricHandler()).Parse([]byte(line))
	if err != nil || len(metrics) != 1 {
		t.Fatalf("%q: %d rows, %v", line, len(metrics), err)
	}
	m := metrics[0]
	if m.Name() != string(r.Quantity) || m.Time().UnixNano() != r.Time.UnixMilli()*1e6 {
		t.Errorf("%q: name %s, time %v", line, m.Name(), m.Time())
	}
	tags := make(map[string]string)
	for _, tag := range m.TagList() {
		tags[tag.Key] = tag.Value
	}
	if tags[tagPoint] != string(r.Point) || tags[tagZone] != r.Point.Zone() || tags[tagSite] != r.Point.Site() || tags[tagCounty] != "sonid" || len(tags) != 4 {
		t.Errorf("%q: tags %v", line, tags)
	}
	want := map[string]any{fieldEpoch: int64(r.Epoch), fieldSequence: int64(r.Seq), fieldGateway: r.Gateway}
	if v, ok := r.Value(); ok {
		want[fieldValue] = v
	}
	if v, ok := r.Raw(); ok {
		want[fieldRaw] = v
	}
	if r.Quality != sensors.Good {
		want[fieldQuality] = r.Quality.String()
	}
	if r.Reason != "" {
		want[fieldReason] = string(r.Reason)
	}
	if r.Reconstructed {
		want[fieldFlags] = reconstructed
	}
	for _, f := range m.FieldList() {
		w, ok := want[f.Key]
		if !ok || w != f.Value {
			t.Errorf("%q: field %s is %T %v, want %T %v", line, f.Key, f.Value, f.Value, w, w)
		}
		delete(want, f.Key)
	}
	if len(want) > 0 {
		t.Errorf("%q: lacks %v", line, want)
	}
}

func TestManyLinesKeepTheirRecords(t *testing.T) {
	records := make([]store.Record, 5)
	for i := range records {
		records[i] = store.Record{Reading: sensors.NewGood(room, noon.Add(time.Duration(i)*time.Second), float64(i)), Quantity: sensors.Temperature, Gateway: "gw-1"}
	}
	l := &lines{records: records, index: []int{1, 2, 4}, points: map[sensors.PointID]*point{room: {tags: appendTags(nil, "sonid", room)}}}
	text := func(from, to int) string {
		// A reader that takes a few bytes at a time gets the same as one that
		// takes all.
		small, err1 := io.ReadAll(iotest.OneByteReader(&body{append: l.append, at: from, to: to}))
		large, err2 := io.ReadAll(&body{append: l.append, at: from, to: to})
		if err1 != nil || err2 != nil || string(small) != string(large) {
			t.Errorf("lines %d to %d: %q (%v) and %q (%v)", from, to, small, err1, large, err2)
		}
		return string(large)
	}
	whole := text(0, 3)
	if whole != text(0, 1)+text(1, 3) || strings.Count(whole, "\n") != 3 || !strings.Contains(text(2, 3), "value=4 ") {
		t.Errorf("lines were cut wrongly: %q", whole)
	}
	if err := iotest.TestReader(&body{append: l.append, to: 3}, []byte(whole)); err != nil {
		t.Error(err)
	}
}

// After a request has ended its records belong to the caller again, whatever the
// transport still does.
func TestABodyThatHasEndedReadsNothing(t *testing.T) {
	b := &body{append: func(b []byte, _ int) []byte { return append(b, "a line\n"...) }, to: 1}
	b.end()
	if n, err := b.Read(make([]byte, 100)); n != 0 || err == nil {
		t.Errorf("read %d bytes, error %v", n, err)
	}
}

func BenchmarkEncode(b *testing.B) {
	tags := appendTags(nil, "sonid", room)
	r := store.Record{Reading: sensors.NewGood(room, noon, -18.53).WithRaw(-18.9), Quantity: sensors.Temperature, Gateway: "gw-balagong", Epoch: 1, Seq: 123456}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = appendRecord(buf[:0], tags, r)
	}
	b.SetBytes(int64(len(buf)))
	if !bytes.Contains(buf, []byte("value=-18.53,")) {
		b.Fatal(string(buf))
	}
}
