package trip

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/storytest"
)

// TestScenarios plays every testdata/*.txt; testdata/README says how they are
// written. A line that begins with "=>" says how the truck stands from then on.
func TestScenarios(t *testing.T) {
	storytest.Run(t, os.DirFS("testdata"), os.WriteFile, func(t *testing.T, text string) string {
		got, err := newStory(false).play(text)
		if err != nil {
			t.Fatal(err)
		}
		// The same story with a restart after every step.
		if again, err := newStory(true).play(text); err != nil || again != got {
			t.Errorf("restarts at every step change it (%v):\n%s", err, again)
		}
		return got
	})
}

// story is one truck's day being played.
type story struct {
	cfg        Config
	truck      *Truck
	now        time.Time
	stays      []Stay
	says       []Say
	said       string
	lines      []string
	restarting bool
	state      []byte
}

func newStory(restarting bool) *story {
	low, high := -40.0, -15.0
	return &story{restarting: restarting, cfg: Config{Door: true, Low: &low, High: &high}}
}

func (s *story) play(text string) (string, error) {
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		out = append(out, line)
		s.lines = nil
		if w := strings.Fields(strings.SplitN(line, "#", 2)[0]); len(w) > 0 {
			if err := s.step(w); err != nil {
				return "", fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		out = append(out, s.lines...)
	}
	return strings.Join(out, "\n"), nil
}

func (s *story) step(w []string) (err error) {
	switch w[0] {
	case "place": // place centre 39.83 108.73
		lat, e1 := strconv.ParseFloat(w[2], 64)
		lon, e2 := strconv.ParseFloat(w[3], 64)
		if e1 != nil || e2 != nil {
			return fmt.Errorf("place %v: want a name, latitude and longitude", w)
		}
		s.cfg.Places = append(s.cfg.Places, Place{ID: w[1], Latitude: lat, Longitude: lon})
		return nil
	case "unwatched": // its door has no contact
		s.cfg.Door = false
		return nil
	case "armed": // armed at 08:00: what the timeline says of a time that has passed
		at, err := clock(w[2])
		if err != nil {
			return err
		}
		on, _ := s.get().Timeline().At(at)
		s.lines = append(s.lines, fmt.Sprintf("=> at %s it was armed: %v", w[2], on))
		return nil
	}
	from, to, isRange := strings.Cut(w[0], "..")
	at, err := clock(from)
	if err != nil {
		return err
	}
	last := at
	if isRange {
		if last, err = clock(to); err != nil {
			return err
		}
	}
	late := slices.Contains(w, "late")
	w = slices.DeleteFunc(w[1:], func(x string) bool { return x == "late" })
	for t := at; !t.After(last); t = t.Add(time.Minute) {
		share := 0.0
		if last.After(at) {
			share = float64(t.Sub(at)) / float64(last.Sub(at))
		}
		if err := s.one(t, w, share); err != nil {
			return err
		}
		if !late {
			s.now = t
		}
		s.look()
		if s.restarting {
			if err := s.restart(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *story) get() *Truck {
	if s.truck == nil {
		s.truck = New(s.cfg)
	}
	return s.truck
}

// one does what a line says, at one minute of it.
func (s *story) one(t time.Time, w []string, share float64) error {
	truck := s.get()
	switch w[0] {
	case "door": // door open
		truck.Door(t, w[1] == "open")
	case "air": // air -18 [to -5]
		v, err := strconv.ParseFloat(w[1], 64)
		if err == nil && len(w) > 3 {
			var end float64
			end, err = strconv.ParseFloat(w[3], 64)
			v += (end - v) * share
		}
		if err != nil {
			return err
		}
		truck.Air(t, v)
	case "at", "drives": // at centre; drives centre to south
		a, err := s.place(w[1])
		if err != nil {
			return err
		}
		if w[0] == "drives" {
			b, err := s.place(w[3])
			if err != nil {
				return err
			}
			a.Latitude += (b.Latitude - a.Latitude) * share
			a.Longitude += (b.Longitude - a.Longitude) * share
		}
		truck.Latitude(t, a.Latitude)
		truck.Longitude(t, a.Longitude)
	case "in", "out": // in: a batch is booked into the box; out: it leaves it
		if w[0] == "in" {
			s.stays = append(s.stays, Stay{From: t})
		} else {
			i := slices.IndexFunc(s.stays, func(x Stay) bool { return x.To.IsZero() })
			if i < 0 {
				return fmt.Errorf("nothing is in the box")
			}
			s.stays[i].To = t
		}
		truck.Books(s.stays)
	case "says": // says empty by 司机
		s.says = append(s.says, Say{At: t, By: w[3], Empty: true})
		truck.Says(s.says)
	case "presses": // presses unloading by 司机
		s.says = append(s.says, Say{At: t, By: w[3], Phase: Phase(w[1]), Inferred: truck.Status(t).Inferred})
		truck.Says(s.says)
	case "waits":
	default:
		return fmt.Errorf("%q is not understood", strings.Join(w, " "))
	}
	return nil
}

func (s *story) place(name string) (Place, error) {
	for _, p := range s.cfg.Places {
		if p.ID == name {
			return p, nil
		}
	}
	return Place{}, fmt.Errorf("place %q is not declared", name)
}

// look notes how the truck stands, when that has changed.
func (s *story) look() {
	st := s.truck.Status(s.now)
	arms := "silent"
	if st.Armed {
		arms = "ARMED"
	}
	text := fmt.Sprintf("%-12s load %-8s %-6s", st.Phase, st.Load, arms)
	if st.Place != "" {
		text += " at " + st.Place
	}
	if st.By != "" {
		text += fmt.Sprintf(" (says %s; looks like %s)", st.By, st.Inferred)
	}
	if text != s.said {
		s.said = text
		s.lines = append(s.lines, "=> "+s.now.Format("15:04")+"  "+strings.TrimSpace(text))
	}
}

func (s *story) restart() error {
	if b := s.truck.Dirty(); b != nil {
		s.state = b
	}
	s.truck = New(s.cfg)
	s.truck.Books(s.stays)
	s.truck.Says(s.says)
	if s.state == nil {
		return nil
	}
	return s.truck.Restore(s.state)
}

func clock(text string) (time.Time, error) {
	t, err := time.Parse("15:04", text)
	return time.Date(2026, 11, 27, t.Hour(), t.Minute(), 0, 0, time.UTC), err
}
