package install

import (
	"bytes"
	"context"
	picture "image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

// probe is a thermometer in a bath that the test moves: it nears the bath's
// temperature by half the way each reading, and shows off too much.
type probe struct {
	id        sensors.PointID
	bath, now float64
	off       float64
	fault     bool
	noise     float64
}

func (p *probe) Points() []sensors.Point {
	q := sensors.Temperature
	if p.id.Name() == "humidity" {
		q = sensors.Humidity
	}
	return []sensors.Point{{ID: p.id, Quantity: q}, {ID: p.id + "-door", Quantity: sensors.Door}}
}

func (p *probe) Read(_ context.Context, due []sensors.PointID) []sensors.Reading {
	p.now += (p.bath - p.now) / 2
	p.noise = -p.noise
	if p.fault {
		return []sensors.Reading{sensors.NewBad(due[0], time.Now(), sensors.SensorFault)}
	}
	return []sensors.Reading{sensors.NewGood(due[0], time.Now(), float64(int((p.now+p.off+p.noise)*100))/100)}
}

// led is a guide that moves the probe into the bath before a comparison.
type led struct {
	Guide
	bath func(need calibration.Need)
}

func (l led) Ready(ctx context.Context, s Step, need calibration.Need) (bool, error) {
	ok, err := l.Guide.Ready(ctx, s, need)
	if ok {
		l.bath(need)
	}
	return ok, err
}

func answers(t *testing.T, text string, out io.Writer) *Answers {
	t.Helper()
	file := filepath.Join(t.TempDir(), "answers.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := LoadAnswers(file, out, English)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const frozen = "balagong/mutton-1/air"

func walk(t *testing.T, p *probe, g Guide, records string) []Outcome {
	t.Helper()
	p.now = 20
	l := led{g, func(n calibration.Need) { p.bath = n.At }}
	devices := []Device{{Name: "probe-1", Bus: "line1", Sensor: p}}
	_, out, err := Commission(t.Context(), devices, l, CommissionOptions{Records: File(records), Now: time.Now, Working: map[string]float64{"balagong/mutton-1": -18}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAFrozenPointGetsItsRecordAfterBothComparisons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		records := filepath.Join(t.TempDir(), "calibration.jsonl")
		text := "by: 王工\nplace: 巴拉贡冷库\npoints:\n  " + frozen + ":\n    ice: {value: 0}\n    certified: {value: -18.05, instrument: Testo 110 SN 4711, certificate: RZ-2026-118}\n"
		got := walk(t, &probe{id: frozen, off: 0.3}, answers(t, text, &out), records)
		if len(got) != 1 || !got[0].Done() || Complete(got) != nil {
			t.Fatalf("outcomes %+v\n%s", got, out.String())
		}
		book, err := calibration.Load(records)
		if err != nil {
			t.Fatal(err)
		}
		e := book.Entries()[0]
		if len(e.Pairs) != 2 || e.Pairs[0].Reference != -18.05 || e.Certificate != "RZ-2026-118" || e.Reference != "ice point; Testo 110 SN 4711" || e.By != "王工" {
			t.Errorf("record %+v", e.Record)
		}
		if off := e.Pairs[1].Indicated; off < 0.25 || off > 0.4 {
			t.Errorf("in ice the probe showed %v, want about 0.3", off)
		}

		// A year later the same walk supersedes it, and what was there stays.
		time.Sleep(300 * 24 * time.Hour)
		again := walk(t, &probe{id: frozen, off: 0.2}, answers(t, text, &out), records)
		if !again[0].Done() || again[0].Entry.Supersedes != 1 {
			t.Errorf("second record %+v", again[0])
		}
	})
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	ice, certified := "ice: {value: 0}", "certified: {value: -18, instrument: Testo, certificate: C1}"
	for _, tt := range []struct {
		name, answers string
		probe         probe
		want          string
	}{
		{"ice alone in a frozen zone", ice, probe{off: 0.1}, "working temperature, against a certified reference"},
		{"a certified reference without ice", certified, probe{off: 0.1}, "still missing: the ice point"},
		{"a probe far off", ice + "\n    " + certified, probe{off: 2.6}, "replace the probe"},
		{"an ice bath that is none", "ice: {value: 1.5}\n    " + certified, probe{}, "is more than 0.1 °C from the 0 °C wanted"},
		{"a reference far from the working temperature", ice + "\n    certified: {value: -5, instrument: T, certificate: C}", probe{}, "is more than 5 °C from the -18 °C wanted"},
		{"a probe that is open", ice + "\n    " + certified, probe{fault: true}, "probe open, shorted or missing"},
		{"a probe that does not settle", ice + "\n    " + certified, probe{noise: 0.4}, "not settled within 30m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				records := filepath.Join(t.TempDir(), "calibration.jsonl")
				p := tt.probe
				p.id = frozen
				got := walk(t, &p, answers(t, "by: a\nplace: b\npoints:\n  "+frozen+":\n    "+tt.answers+"\n", &out), records)
				if got[0].Done() || Complete(got) == nil {
					t.Errorf("there is a record: %+v", got[0].Entry)
				}
				if !strings.Contains(out.String(), tt.want) {
					t.Errorf("it says %q, want %q in it", out.String(), tt.want)
				}
				if _, err := os.Stat(records); !os.IsNotExist(err) {
					t.Errorf("a file of records was made: %v", err)
				}
			})
		})
	}
}

func TestAChilledPointNeedsIceAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		text := "by: a\nplace: b\npoints:\n  " + frozen + ":\n    working: 2\n    ice: {value: 0}\n"
		got := walk(t, &probe{id: frozen}, answers(t, text, &out), filepath.Join(t.TempDir(), "r.jsonl"))
		if !got[0].Done() || got[0].Entry.Certificate != NoCertificate {
			t.Errorf("outcome %+v\n%s", got[0], out.String())
		}
	})
}

func TestHumidityIsComparedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		text := "by: a\nplace: b\npoints:\n  balagong/mutton-1/humidity:\n    certified: {value: 52, instrument: Rotronic, certificate: H-7}\n"
		got := walk(t, &probe{id: "balagong/mutton-1/humidity", off: 1}, answers(t, text, &out), filepath.Join(t.TempDir(), "r.jsonl"))
		if !got[0].Done() || got[0].Entry.Quantity != sensors.Humidity {
			t.Errorf("outcome %+v\n%s", got[0], out.String())
		}
	})
}

// photoFile is a small real picture.
func photoFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "air.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, picture.NewGray(picture.Rect(0, 0, 4, 3))); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAWalkAtTheTerminal: the ice comparison is done with a mistake in it, the
// certified one is refused first because the wrong instrument was read.
func TestAWalkAtTheTerminal(t *testing.T) {
	for _, l := range []Language{Chinese, English} {
		t.Run(string(l), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				photo := photoFile(t)
				typed := strings.Join([]string{
					"", "王工，县农畜产品公司", "巴拉贡 1 号库", // by, place
					"y", "", // take, working temperature as proposed
					"y", "null", "0", "", // ice: a word, then 0, no certificate
					"y", "-25", "Testo 110 SN 4711", "RZ-2026-118", // certified: refused
					"y", "y", "−18,1", "", "", // again; instrument and certificate as before
					"nothing.jpg", photo,
				}, "\n") + "\n"
				g := &Walk{Terminal: NewTerminal(t.Context(), strings.NewReader(typed), &out, l)}
				records := filepath.Join(t.TempDir(), "r.jsonl")
				got := walk(t, &probe{id: frozen, off: 0.6}, g, records)
				text := strings.ReplaceAll(out.String(), photo, "/photos/air.png")
				golden(t, "walk-"+string(l)+".txt", text)
				if !got[0].Done() || got[0].Entry.Photo != "air.png" {
					t.Fatalf("outcome %+v", got[0])
				}
				if l == English {
					return
				}
				open := Outcome{Step: Step{Point: "balagong/mutton-2/air", Quantity: sensors.Temperature, Device: "probe-2"}, Working: -18,
					Missing: calibration.Missing(-18, nil), Refused: Text{"探头断路", "probe open <b>"}}
				s := Sheet{County: "hangjin", Site: "balagong", Session: Session{By: "王工 <script>", Place: "巴拉贡 1 号库"}, Outcomes: append(got, open),
					At: time.Now(), Zone: time.FixedZone("UTC+8", 8*3600), Version: "test", Records: "/var/lib/coldchain-edge/calibration.jsonl"}
				page, err := s.HTML()
				if err != nil {
					t.Fatal(err)
				}
				golden(t, "sheet.html", string(page))
				if bytes.Contains(page, []byte("<script>")) || bytes.Contains(page, []byte("http")) {
					t.Error("the sheet runs something or loads something")
				}
				file := filepath.Join(t.TempDir(), "sheet.html")
				if err := s.Write(file); err != nil {
					t.Fatal(err)
				}
				if err := s.Write(file); err == nil {
					t.Error("a sheet was overwritten")
				}
			})
		})
	}
}

func TestAnswersThatCannotBeMeant(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "EOF",
		"by: a\nplace: b\n":            "want by, place and points",
		"by: a\nplace: b\npoint: {}\n": "point",
		"by: a\nplace: b\npoints: {x: {ice: {val: 3}}}\n": "val",
	} {
		file := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadAnswers(file, io.Discard, English); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	a := answers(t, "by: a\nplace: b\npoints: {s/z/other: {}}\n", io.Discard)
	if err := a.Check([]Device{{Points: []sensors.PointID{"s/z/air"}}}); err == nil {
		t.Error("a point that is not configured was accepted")
	}
}
