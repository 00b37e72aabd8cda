package gnss

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	witness "github.com/adrianmo/go-nmea"
)

// summed frames a sentence's body as a receiver does.
func summed(body string) string {
	var sum byte
	for i := range len(body) {
		sum ^= body[i]
	}
	return fmt.Sprintf("$%s*%02X", body, sum)
}

func TestSentences(t *testing.T) {
	const none, notOurs = "none", "not ours"
	for _, tt := range []struct{ name, body, want string }{
		{"GPS", "GPRMC,094737,A,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "52.850155 5.3136167"},
		{"several systems", "GNRMC,021533.00,A,4032.40080,N,10716.20000,E,22.1,91.2,231126,,,A,V", "40.5400133 107.27"},
		{"BeiDou, as older receivers say", "BDRMC,021533.00,A,4032.40080,N,10716.20000,E,22.1,91.2,231126,,,A", "40.5400133 107.27"},
		{"BeiDou, as NMEA 4.11 says", "GBGGA,021533.00,4032.40080,N,10716.20000,E,1,08,1.1,1050,M,-20,M,,", "40.5400133 107.27"},
		{"Galileo", "GAGLL,4032.40080,N,10716.20000,E,021533.00,A,A", "40.5400133 107.27"},
		{"GLONASS", "GLGLL,4032.40080,N,10716.20000,E,021533.00,A,A", "40.5400133 107.27"},
		{"south and west", "GPGLL,3351.5000,S,15112.6000,W,021533,A", "-33.8583333 -151.21"},
		{"before NMEA 2.3, without mode", "GPRMC,094737,A,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E", "52.850155 5.3136167"},
		{"dead reckoning", "GPRMC,094737,A,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,E", "52.850155 5.3136167 estimated"},
		{"dead reckoning in GGA", "GPGGA,094737,5251.0093,N,00518.8170,E,6,04,9.9,,M,,M,,", "52.850155 5.3136167 estimated"},
		{"no fix", "GPRMC,094737,V,,,,,,,200818,,,N", none},
		{"no fix, no time", "GPRMC,,V,,,,,,,,,,N", none},
		{"no fix, but the last position is still printed", "GPRMC,094737,V,5251.0093,N,00518.8170,E,,,200818,,,N", none},
		{"no fix in GGA", "GPGGA,,,,,,0,00,99.99,,,,,,", none},
		{"valid, but simulated", "GPRMC,094737,A,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,S", none},
		{"simulated in GGA", "GPGGA,094737,5251.0093,N,00518.8170,E,8,04,9.9,,M,,M,,", none},
		{"exactly 0, 0", "GPRMC,094737,A,0000.0000,N,00000.0000,E,0,0,200818,,,A", none},
		{"another sentence", "GPVTG,230.5,T,229.1,M,5.6,N,10.4,K,A", notOurs},
		{"another talker", "IIGLL,3351.5000,S,15112.6000,W,021533,A", notOurs},
		{"proprietary", "PMTK001,604,3", notOurs},
		{"valid without a position", "GPRMC,094737,A,,,,,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"not a number", "GPRMC,094737,A,NaN,N,NaN,E,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"a sign", "GPRMC,094737,A,-251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"an exponent", "GPRMC,094737,A,5251.1e1,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"hemispheres exchanged", "GPRMC,094737,A,5251.0093,E,00518.8170,N,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"61 minutes", "GPRMC,094737,A,5261.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: latitude"},
		{"a digit is missing", "GPRMC,094737,A,5251.0093,N,0518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: longitude"},
		{"beyond the pole", "GPRMC,094737,A,9051.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: position"},
		{"status missing", "GPRMC,094737,,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: status"},
		{"a time that does not exist", "GPRMC,257799,A,5251.0093,N,00518.8170,E,5.6,230.5,200818,1.4,E,A", "refused: time"},
		{"a day that does not exist", "GPRMC,094737,A,5251.0093,N,00518.8170,E,5.6,230.5,310218,1.4,E,A", "refused: date"},
		{"fix quality of another world", "GPGGA,094737,5251.0093,N,00518.8170,E,x,04,9.9,,M,,M,,", "refused: fix quality"},
		{"cut off", "GPRMC,094737,A,5251", "refused: fields"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(parseSentence([]byte(summed(tt.body)))); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func describe(s sentence, err error) string {
	switch {
	case errors.Is(err, errNotOurs):
		return "not ours"
	case err != nil:
		return "refused: " + err.Error()
	case s.none:
		return "none"
	}
	text := fmt.Sprint(s.latitude, " ", s.longitude)
	if s.estimated {
		text += " estimated"
	}
	return text
}

func TestChecksumIsRequired(t *testing.T) {
	whole := summed("GPGLL,5251.0093,N,00518.8170,E,094736,A,A")
	if _, err := parseSentence([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for _, c := range []byte("\x000A,*$.9") {
			damaged := []byte(whole)
			if damaged[i] == c {
				continue
			}
			damaged[i] = c
			if s, err := parseSentence(damaged); err == nil {
				t.Errorf("%q is accepted: %+v", damaged, s)
			}
		}
	}
	for _, line := range []string{"", "$", "*", "$*00", "$GPGLL,5251.0093,N,00518.8170,E,094736,A,A", whole + "0", whole[1:]} {
		if _, err := parseSentence([]byte(line)); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

// reports plays a stream with one arrival time a line and returns what the
// moments say.
func reports(stream string, bound float64) []report {
	var f framer
	var m moment
	var out []report
	at := time.Unix(0, 0)
	f.feed([]byte(stream), func(line []byte) {
		at = at.Add(100 * time.Millisecond)
		s, err := parseSentence(line)
		if err != nil {
			return
		}
		if done, ok := m.add(s, at, bound); ok {
			out = append(out, done)
		}
	})
	return out
}

func TestMoments(t *testing.T) {
	rmc := func(second int, status string) string {
		return fmt.Sprintf("GNRMC,0215%02d.00,%s,4032.4000,N,10716.2000,E,22.1,91.2,231126,,,A", second, status)
	}
	gga := func(second int, quality string) string {
		return fmt.Sprintf("GNGGA,0215%02d.00,4032.4000,N,10716.2000,E,%s,08,1.1,1050,M,-20,M,,", second, quality)
	}
	next := rmc(59, "A") // closes the moment under test
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"one sentence", []string{rmc(1, "A"), next}, "fix"},
		{"two that agree", []string{rmc(1, "A"), gga(1, "1"), next}, "fix"},
		{"the second refuses what the first claims", []string{rmc(1, "A"), gga(1, "0"), next}, "none"},
		{"the first refuses what the second claims", []string{rmc(1, "V"), gga(1, "1"), next}, "none"},
		{"one calls it dead reckoning", []string{rmc(1, "A"), gga(1, "6"), next}, "doubtful"},
		{"poor geometry", []string{"GNGGA,021501.00,4032.4000,N,10716.2000,E,1,04,12.0,1050,M,-20,M,,", next}, "doubtful"},
		{"two positions for one moment", []string{rmc(1, "A"), "GNGLL,4033.4000,N,10716.2000,E,021501.00,A,A", next}, "doubtful"},
		{"no time, no fix", []string{rmc(1, "A"), "GNRMC,,V,,,,,,,,,,N"}, "none"},
		{"a position without a time is passed over", []string{rmc(1, "A"), "GNGLL,4032.4000,N,10716.2000,E,,A,A", next}, "fix"},
		{"a moment that is still going on", []string{rmc(1, "A"), gga(1, "1")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stream strings.Builder
			for _, l := range tt.lines {
				stream.WriteString(summed(l) + "\r\n")
			}
			var got []string
			for _, r := range reports(stream.String(), DefaultBound) {
				switch {
				case !r.fix:
					got = append(got, "none")
				case r.doubtful:
					got = append(got, "doubtful")
				default:
					got = append(got, "fix")
				}
				if want := time.Date(2026, 11, 23, 2, 15, 1, 0, time.UTC); r.fix && !r.utc.IsZero() && !r.utc.Equal(want) {
					t.Errorf("time %s, want %s", r.utc, want)
				}
				if want := time.Unix(0, 0).Add(100 * time.Millisecond); r.fix && !r.at.Equal(want) {
					t.Errorf("the moment's time is %s, want the first sentence's arrival", r.at)
				}
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}

// stream is a receiver's morning: noise, a binary protocol, no fix, a drive.
func stream() []byte {
	var b bytes.Buffer
	b.WriteString("\xa0\xa2\x00\x29\x02garbage $GPRMC,09\x00473\r\n$GPR$GP" + summed("GNRMC,,V,,,,,,,,,,N") + "\r\n")
	for i := range 20 {
		b.WriteString(summed(fmt.Sprintf("GNRMC,0215%02d.00,A,40%02d.4000,N,10716.2000,E,22.1,91.2,231126,,,A", i, i)) + "\r\n")
		b.WriteString(summed(fmt.Sprintf("BDGSV,3,1,12,%02d,10,333,39", i)) + "\r\n$" + strings.Repeat("9", 200) + "\n")
	}
	return b.Bytes()
}

func TestSplitSentences(t *testing.T) {
	whole := stream()
	lines := func(size int) (out []string, refused uint64) {
		var f framer
		for part := whole; len(part) > 0; {
			n := min(size, len(part))
			f.feed(part[:n], func(l []byte) { out = append(out, string(l)) })
			part = part[n:]
		}
		return out, f.refused
	}
	want, refused := lines(len(whole))
	if len(want) < 41 || refused < 22 {
		t.Fatalf("%d lines, %d refused", len(want), refused)
	}
	for size := 1; size < 100; size++ {
		if got, n := lines(size); fmt.Sprint(got) != fmt.Sprint(want) || n != refused {
			t.Fatalf("cut into pieces of %d bytes: other lines", size)
		}
	}
	if got := reports(string(whole), DefaultBound); len(got) != 20 || got[0].fix || !got[19].fix {
		t.Errorf("got %d reports, want no fix and 19 fixes", len(got))
	}
}

// recorded finds the folder of recorded data; the tests pass without.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("COLDCHAIN_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Skipf("no recorded data: %v (COLDCHAIN_DATA names the folder)", err)
	}
	return data
}

// TestRecordedReceiver: a chart plotter's two and a half minutes on a lake.
func TestRecordedReceiver(t *testing.T) {
	data := recorded(t, "nmea/bundg_zeus_9.log")
	got := reports(string(data), DefaultBound)
	if len(got) < 140 {
		t.Fatalf("%d reports, want one a second for 146 s", len(got))
	}
	for i, r := range got {
		if !r.fix || r.doubtful || math.Abs(r.latitude-52.85) > 0.02 || math.Abs(r.longitude-5.31) > 0.02 {
			t.Errorf("report %d: %+v", i, r)
		}
		if want := "2018-08-20"; !r.utc.IsZero() && r.utc.Format(time.DateOnly) != want {
			t.Errorf("report %d: date %s", i, r.utc)
		}
	}
}

func TestRecordedBinaryProtocolIsNoSentence(t *testing.T) {
	for _, name := range []string{"nmea/bu303-moving.log", "nmea/bu303-nofix.log"} {
		if got := reports(string(recorded(t, name)), DefaultBound); len(got) != 0 {
			t.Errorf("%s: %d reports out of SiRF binary", name, len(got))
		}
	}
}

// FuzzNMEA: no input panics, pieces make no difference, and where we give a
// position an independent parser reads the same one.
func FuzzNMEA(f *testing.F) {
	f.Add(stream(), 7)
	f.Add([]byte(summed("GPGGA,094736,5251.0094,N,00518.8172,E,1,12,0.60,-4,M,46.8,M,,")+"\n"), 1)
	f.Add([]byte(summed("GPTXT")+"\n$GPGLL,,,,,,A*5D\n"), 3)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			size = 1
		}
		var whole, pieces []string
		var a, b framer
		a.feed(data, func(l []byte) { whole = append(whole, string(l)) })
		for part := data; len(part) > 0; {
			n := min(size, len(part))
			b.feed(part[:n], func(l []byte) { pieces = append(pieces, string(l)) })
			part = part[n:]
		}
		if strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
			t.Fatal("pieces make a difference")
		}
		for _, l := range whole {
			// Fields are fuzzed better behind a right checksum.
			agrees(t, l)
			if star := strings.IndexByte(l, '*'); star > 0 {
				l = l[:star]
			}
			agrees(t, summed(l[1:]))
		}
	})
}

func agrees(t *testing.T, line string) {
	s, err := parseSentence([]byte(line))
	if err != nil || s.none {
		return
	}
	if !(math.Abs(s.latitude) <= 90 && math.Abs(s.longitude) <= 180) {
		t.Fatalf("%q: %g, %g is not on the Earth", line, s.latitude, s.longitude)
	}
	other, err := witness.Parse(line)
	if err != nil {
		return // it also demands fields we do not need
	}
	var latitude, longitude float64
	switch m := other.(type) {
	case witness.RMC:
		latitude, longitude = m.Latitude, m.Longitude
	case witness.GGA:
		latitude, longitude = m.Latitude, m.Longitude
	case witness.GLL:
		latitude, longitude = m.Latitude, m.Longitude
	}
	if math.Abs(latitude-s.latitude) > 1e-7 || math.Abs(longitude-s.longitude) > 1e-7 {
		t.Fatalf("%q: %.9f, %.9f, but go-nmea reads %.9f, %.9f", line, s.latitude, s.longitude, latitude, longitude)
	}
}
