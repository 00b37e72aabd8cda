package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

// Answers is a Guide that reads from a file what a person would say, for tests
// and for walks that a script leads.
type Answers struct {
	By     string                  `yaml:"by"`
	Place  string                  `yaml:"place"`
	Points map[string]PointAnswers `yaml:"points"` // by point; those that are not here are skipped

	out  io.Writer
	lang Language
}

// PointAnswers are those about one point.
type PointAnswers struct {
	Working   *float64   `yaml:"working"` // °C; not for humidity
	Photo     string     `yaml:"photo"`
	Ice       *RefAnswer `yaml:"ice"`       // the comparison at 0 °C
	Certified *RefAnswer `yaml:"certified"` // the one at working temperature, or of humidity
}

// RefAnswer is what the reference shows.
type RefAnswer struct {
	Value       float64 `yaml:"value"`
	Instrument  string  `yaml:"instrument"`
	Certificate string  `yaml:"certificate"`
}

// maxAnswers bounds what is read of a file of answers.
const maxAnswers = 1 << 20

// LoadAnswers reads a file of answers. Keys that it does not know are refused.
func LoadAnswers(path string, out io.Writer, l Language) (*Answers, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("answers: %w", err)
	}
	if len(text) > maxAnswers {
		return nil, fmt.Errorf("answers %s: longer than %d bytes", path, maxAnswers)
	}
	a := &Answers{out: out, lang: l}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(a); err != nil {
		return nil, fmt.Errorf("answers %s: %w", path, err)
	}
	if a.By == "" || a.Place == "" || len(a.Points) == 0 {
		return nil, fmt.Errorf("answers %s: want by, place and points", path)
	}
	return a, nil
}

// Check refuses points that the configuration does not have.
func (a *Answers) Check(devices []Device) error {
	known := map[string]bool{}
	for _, d := range devices {
		for _, p := range d.Points {
			known[string(p)] = true
		}
		if d.Sensor != nil {
			for _, p := range d.Sensor.Points() {
				known[string(p.ID)] = true
			}
		}
	}
	var wrong []error
	for p := range a.Points {
		if !known[p] {
			wrong = append(wrong, fmt.Errorf("answers: point %s is not in the configuration", p))
		}
	}
	return errors.Join(wrong...)
}

// Begin gives who and where.
func (a *Answers) Begin(context.Context) (Session, error) {
	return Session{By: a.By, Place: a.Place}, nil
}

// Take takes the points that the file has.
func (a *Answers) Take(_ context.Context, s Step) (float64, bool, error) {
	p, ok := a.Points[string(s.Point)]
	switch {
	case !ok || s.Quantity == sensors.Humidity:
		return 0, ok, nil
	case p.Working != nil:
		return *p.Working, true, nil
	case s.Working != nil:
		return *s.Working, true, nil
	}
	return 0, false, fmt.Errorf("neither the answers nor the limits say what temperature zone %s works at: add working", s.Point.Zone())
}

func (a *Answers) of(s Step, need calibration.Need) *RefAnswer {
	if need.Certified {
		return a.Points[string(s.Point)].Certified
	}
	return a.Points[string(s.Point)].Ice
}

// Ready leaves out what has no answer.
func (a *Answers) Ready(_ context.Context, s Step, need calibration.Need) (bool, error) {
	return a.of(s, need) != nil, nil
}

// Shown shows nothing.
func (a *Answers) Shown(Step, sensors.Reading, int) {}

// Reference gives the answer. A certified reference without its certificate is
// an error.
func (a *Answers) Reference(_ context.Context, s Step, need calibration.Need, _ float64) (Reference, error) {
	r := a.of(s, need)
	ref := Reference(*r)
	if !need.Certified && ref.Instrument == "" {
		ref.Instrument = IcePoint
	}
	if !need.Certified && ref.Certificate == "" {
		ref.Certificate = NoCertificate
	}
	if ref.Instrument == "" || need.Certified && ref.Certificate == "" {
		return ref, errors.New("answers: certified wants instrument and certificate")
	}
	return ref, nil
}

// Again gives up.
func (a *Answers) Again(context.Context, Step, Text) (bool, error) { return false, nil }

// Finish gives the photo.
func (a *Answers) Finish(_ context.Context, s Step) (string, error) {
	photo := a.Points[string(s.Point)].Photo
	return photo, checkPhoto(photo)
}

// Say tells it on the terminal.
func (a *Answers) Say(text Text, args ...any) { say(a.out, a.lang, text, args...) }

// say prints a text whose gaps may be texts themselves.
func say(w io.Writer, l Language, text Text, args ...any) {
	for i, arg := range args {
		if t, ok := arg.(Text); ok {
			args[i] = l.Of(t)
		}
	}
	fmt.Fprintf(w, l.Of(text)+"\n", args...)
}

// maxPhoto bounds the photos that are put into a sheet.
const maxPhoto = 12 << 20

// checkPhoto refuses a file that is no picture a sheet can hold.
func checkPhoto(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("photo: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxPhoto:
		return fmt.Errorf("photo %s: want a file of at most %d MB", path, maxPhoto>>20)
	}
	_, err = pictureType(path)
	return err
}

func baseName(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}
