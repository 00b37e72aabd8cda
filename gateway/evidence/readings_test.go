package evidence_test

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

// frozen freezes what a real store holds of a fixture and returns its evidence
// file.
func frozen(t *testing.T, in evidence.Input) []byte {
	t.Helper()
	dir := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(dir, "county.db"), func() time.Time { return in.Document.Made })
	must(t, err)
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "readings.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()); must(t, s.Close()) })
	var ranges []state.FrozenRange
	seq := uint64(0)
	for _, c := range in.Courses {
		var records []store.Record
		for i, x := range c.Samples {
			seq++
			r := sensors.NewGood(sensors.PointID(c.Point), x.At, x.Value)
			if i%97 == 5 {
				r = sensors.NewBad(sensors.PointID(c.Point), x.At, "crc")
			} else if i%5 == 0 {
				r = r.WithRaw(x.Value + 0.25)
			}
			records = append(records, store.Record{Reading: r, Quantity: sensors.Temperature, Gateway: "gw-1", Epoch: 1, Seq: seq})
		}
		_, err := s.Write(t.Context(), records)
		must(t, err)
		ranges = append(ranges, state.FrozenRange{Point: sensors.PointID(c.Point), Quantity: sensors.Temperature, From: c.From, To: c.To})
	}
	keeper, err := retention.New(retention.Options{County: "hangjin", State: db, Store: s, Folder: filepath.Join(dir, "frozen"),
		Rules: map[sensors.PointID]retention.Rule{}, Now: func() time.Time { return in.Document.Made },
		Newest: func() (time.Time, bool) { return in.Document.Made, true }, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	f, err := keeper.Freeze(t.Context(), state.Actor{Kind: state.Person, ID: "qiqige"}, in.Document.Number, ranges)
	must(t, err)
	return read(t, filepath.Join(dir, "frozen", f.Evidence.File))
}

// signed is a certificate over readings that were really frozen.
func signed(t *testing.T) (evidence.Document, []byte) {
	t.Helper()
	in := evidencetest.Input(evidencetest.Calm)
	file := frozen(t, in)
	var err error
	in.Document.Readings, in.Courses, err = evidence.ReadFrozen(bytes.NewReader(file), in.Document.Number+".cbor.zst")
	must(t, err)
	d, err := evidence.Build(in)
	must(t, err)
	return d, file
}

func TestReadingsChain(t *testing.T) {
	d, file := signed(t)
	if d.Readings.Count != d.Exposure.Total.Points || len(d.Readings.Ranges) != 3 {
		t.Fatalf("%d readings in %d ranges; the stays have %d", d.Readings.Count, len(d.Readings.Ranges), d.Exposure.Total.Points)
	}
	if wrong, err := d.CheckReadings(bytes.NewReader(file)); err != nil || len(wrong) > 0 {
		t.Fatalf("%v %v", wrong, err)
	}
	for name, c := range map[string]struct {
		alter func(rows [][]any) [][]any
		says  string
	}{
		"a value":    {func(r [][]any) [][]any { r[100][2] = 1.0; return r }, "changed"},
		"raw":        {func(r [][]any) [][]any { r[10][3] = 9.0; return r }, "changed"},
		"a time":     {func(r [][]any) [][]any { r[50][1] = r[50][1].(uint64) + 1; return r }, "changed"},
		"a quality":  {func(r [][]any) [][]any { r[50][4] = "uncertain"; return r }, "changed"},
		"a sequence": {func(r [][]any) [][]any { r[50][9] = uint64(9); return r }, "changed"},
		"one gone":   {func(r [][]any) [][]any { return append(r[:7], r[8:]...) }, "the certificate used"},
		"two change places": {func(r [][]any) [][]any {
			r[30], r[31] = r[31], r[30]
			return r
		}, "changed"},
	} {
		wrong, err := d.CheckReadings(bytes.NewReader(altered(t, file, c.alter)))
		if err != nil || len(wrong) != 1 || !strings.Contains(wrong[0], c.says) || !strings.Contains(wrong[0], "dugui/chill-1/air") {
			t.Errorf("%s: %v %v", name, wrong, err)
		}
	}
}

// altered rewrites an evidence file with its rows changed.
func altered(t *testing.T, file []byte, alter func([][]any) [][]any) []byte {
	t.Helper()
	zip, err := zstd.NewReader(bytes.NewReader(file))
	must(t, err)
	defer zip.Close()
	plain, err := io.ReadAll(zip)
	must(t, err)
	d := cbor.NewDecoder(bytes.NewReader(plain))
	var header cbor.RawMessage
	must(t, d.Decode(&header))
	var rows [][]any
	for {
		var item cbor.RawMessage
		must(t, d.Decode(&item))
		if item[0]>>5 == 0 {
			break
		}
		var row []any
		must(t, cbor.Unmarshal(item, &row))
		rows = append(rows, row)
	}
	rows = alter(rows)
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	must(t, err)
	e := cbor.NewEncoder(w)
	must(t, e.Encode(header))
	for _, r := range rows {
		must(t, e.Encode(r))
	}
	must(t, e.Encode(len(rows)))
	must(t, w.Close())
	return out.Bytes()
}

// The chain as DESIGN.md defines it, computed by hand for one reading.
func TestReadingsVector(t *testing.T) {
	in := evidencetest.Input(evidencetest.Calm)
	in.Courses = in.Courses[:1]
	in.Courses[0].Samples = in.Courses[0].Samples[1:2]
	file := frozen(t, in)
	got, _, err := evidence.ReadFrozen(bytes.NewReader(file), "x")
	must(t, err)
	if len(got.Ranges) != 1 || got.Count != 1 {
		t.Fatalf("%+v", got)
	}
	if want := byHand(in.Courses[0]); got.Ranges[0].Digest != want {
		t.Errorf("%s, by hand %s", got.Ranges[0].Digest, want)
	}
}

func TestChartKeepsPeaks(t *testing.T) {
	in := evidencetest.Input(evidencetest.Eventful)
	d, err := evidence.Build(in)
	must(t, err)
	cells := 0
	for n, s := range d.Chart {
		i := interval(d.Exposure.Intervals, s)
		low, high := s.Cells[0][1], s.Cells[0][2]
		for _, c := range s.Cells {
			low, high = min(low, c[1]), max(high, c[2])
			at := s.From.Add(time.Duration((c[0] + 0.5) * s.CellS * float64(time.Second)))
			for _, g := range i.Summary.Gaps {
				if at.After(g.From.Add(time.Duration(s.CellS)*time.Second)) && at.Before(g.To.Add(-time.Duration(s.CellS)*time.Second)) {
					t.Errorf("line %d is drawn at %s, in a gap", n, at)
				}
			}
		}
		if low != *i.Summary.MinC || high != *i.Summary.MaxC {
			t.Errorf("line %d goes from %g to %g, the stay from %g to %g", n, low, high, *i.Summary.MinC, *i.Summary.MaxC)
		}
		cells += len(s.Cells)
	}
	if cells > 800 || cells < 300 {
		t.Errorf("%d cells", cells)
	}
}

func interval(all []exposure.Interval, s evidence.Series) exposure.Interval {
	for _, i := range all {
		if i.Zone == s.Zone && i.From.Equal(s.From) {
			return i
		}
	}
	return exposure.Interval{}
}

func TestBuildRefusesContradictions(t *testing.T) {
	for want, spoil := range map[string]func(*evidence.Document){
		"a number of letters":      func(d *evidence.Document) { d.Number = "../x" },
		"what it supersedes":       func(d *evidence.Document) { d.Version = 2 },
		"exposure is of batch":     func(d *evidence.Document) { d.Exposure.Batch = "other" },
		"none of that time are":    func(d *evidence.Document) { d.Readings.Ranges = d.Readings.Ranges[1:] },
		"does not end after":       func(d *evidence.Document) { d.Exposure.Intervals[0].To = d.Exposure.Intervals[0].From },
		"verdict 1: want":          func(d *evidence.Document) { d.Verdicts[0].Version = 3 },
		"time zone":                func(d *evidence.Document) { d.County.Zone = "" },
		"no code or no product":    func(d *evidence.Document) { d.Batch.Product = "" },
		"when it was made":         func(d *evidence.Document) { d.By = "" },
		"first version supersedes": func(d *evidence.Document) { d.Supersedes = &evidence.Superseded{} },
	} {
		in := evidencetest.Input(evidencetest.Calm)
		spoil(&in.Document)
		if _, err := evidence.Build(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// Rows of the audit come out of a real county.db and keep their hashes.
func TestAuditRows(t *testing.T) {
	in := evidencetest.Input(evidencetest.Calm)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return in.Document.Made })
	must(t, err)
	defer db.Close()
	by := state.Actor{Kind: state.Person, ID: "qiqige"}
	_, _, err = db.Freeze(t.Context(), by, "CC-1", []state.FrozenRange{{Point: "a/b/c", Quantity: sensors.Temperature, From: noon, To: noon.Add(time.Hour)}})
	must(t, err)
	in.Rows, err = db.Audit(t.Context(), state.AuditFilter{Object: "CC-1"})
	must(t, err)
	in.Head, err = db.AuditHead(t.Context())
	must(t, err)
	if len(in.Rows) != 1 {
		t.Fatalf("%d rows", len(in.Rows))
	}
	d, err := evidence.Build(in)
	must(t, err)
	envelope, err := evidence.Sign(d, evidencetest.Key())
	must(t, err)
	if r, err := evidence.Verify(bytes.NewReader(envelope)); err != nil || !r.Intact() {
		t.Fatalf("%+v %v", r.Audit, err)
	}
	d.Audit.Rows[0].Detail = strings.Replace(d.Audit.Rows[0].Detail, "a/b/c", "a/b/d", 1)
	envelope, err = evidence.Sign(d, evidencetest.Key())
	must(t, err)
	if r, err := evidence.Verify(bytes.NewReader(envelope)); err != nil || r.Intact() || len(r.Audit) != 1 {
		t.Errorf("a row that was changed before signing is not seen: %+v %v", r.Audit, err)
	}
}
