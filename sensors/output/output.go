package output

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"periph.io/x/conn/v3/gpio"
)

// Output is one thing that sounds or shines.
type Output interface {
	// Set switches the output and returns nil only when its state was read back
	// and is the wanted one. It returns promptly when ctx ends.
	Set(ctx context.Context, on bool) error
	// String names the output and where it is, for messages.
	String() string
}

// Kind is what an output is. There are two and there will be no third: this
// program only watches.
type Kind string

// The kinds of outputs.
const (
	Siren  Kind = "siren"  // sounds until it is acknowledged
	Beacon Kind = "beacon" // shines as long as something is wrong
)

// Kinds lists them, for messages.
func Kinds() []Kind { return []Kind{Siren, Beacon} }

// ParseKind checks s and returns it as a Kind.
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); k == Siren || k == Beacon {
		return k, nil
	}
	return "", fmt.Errorf("output %q is not siren or beacon: nothing else is ever switched", s)
}

// Config is one output of a site: a coil of a relay module or a GPIO line.
type Config struct {
	Kind Kind
	Coil *Coil // one of these two
	Pin  *Pin
}

// Coil is a relay of a Modbus module.
type Coil struct {
	Bus     string // the line's name in the configuration
	Slave   uint8  // 1 to 247; never 0, which would switch every slave of the line
	Address uint16 // zero-based, as on the wire
}

// Pin is a GPIO line of the gateway itself.
type Pin struct {
	Name      string // as periph's gpioreg names it, such as GPIO17
	ActiveLow bool   // the relay board closes when the line is low
}

var pinName = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,40}$`)

// Check reports every mistake of an output, one a line.
func (c Config) Check() error {
	var wrong []error
	if _, err := ParseKind(string(c.Kind)); err != nil {
		wrong = append(wrong, err)
	}
	switch {
	case (c.Coil == nil) == (c.Pin == nil):
		wrong = append(wrong, fmt.Errorf("%s: want either a coil or a pin", c.Kind))
	case c.Coil != nil && (c.Coil.Slave < 1 || c.Coil.Slave > 247):
		wrong = append(wrong, fmt.Errorf("%s: slave %d is not between 1 and 247", c.Kind, c.Coil.Slave))
	case c.Coil != nil && c.Coil.Bus == "":
		wrong = append(wrong, fmt.Errorf("%s: the coil lacks its bus", c.Kind))
	case c.Pin != nil && !pinName.MatchString(c.Pin.Name):
		wrong = append(wrong, fmt.Errorf("%s: pin %q is not a name such as GPIO17", c.Kind, c.Pin.Name))
	}
	return errors.Join(wrong...)
}

// CoilLine switches one coil of one slave and reads it back; nil means that
// the coil was read in the wanted state.
type CoilLine interface {
	SetOutput(ctx context.Context, slave uint8, address uint16, on bool) error
}

// NewCoil returns the output on a Modbus line. It asks nothing.
func NewCoil(kind Kind, c Coil, line CoilLine) (Output, error) {
	if err := (Config{Kind: kind, Coil: &c}).Check(); err != nil {
		return nil, err
	}
	if line == nil {
		return nil, fmt.Errorf("%s: no line %q", kind, c.Bus)
	}
	return &coil{kind, c, line}, nil
}

type coil struct {
	kind Kind
	at   Coil
	line CoilLine
}

func (o *coil) String() string {
	return fmt.Sprintf("%s (coil %d of slave %d on %s)", o.kind, o.at.Address, o.at.Slave, o.at.Bus)
}

func (o *coil) Set(ctx context.Context, on bool) error {
	if err := o.line.SetOutput(ctx, o.at.Slave, o.at.Address, on); err != nil {
		return fmt.Errorf("%s: switch %s: %w", o, word(on), err)
	}
	return nil
}

// NewPin returns the output on a GPIO line. It switches nothing yet.
func NewPin(kind Kind, p Pin, line gpio.PinIO) (Output, error) {
	if err := (Config{Kind: kind, Pin: &p}).Check(); err != nil {
		return nil, err
	}
	if line == nil || line == gpio.INVALID {
		return nil, fmt.Errorf("%s: no GPIO line %q", kind, p.Name)
	}
	return &pin{kind, p, line}, nil
}

type pin struct {
	kind Kind
	at   Pin
	line gpio.PinIO
}

func (o *pin) String() string { return fmt.Sprintf("%s (pin %s)", o.kind, o.at.Name) }

// Set drives the line and reads its level. Periph's Read has no error: a line
// that cannot be read shows low, so that of the two states only the high one is
// truly confirmed.
func (o *pin) Set(ctx context.Context, on bool) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: switch %s: %w", o, word(on), err)
	}
	level := gpio.Level(on != o.at.ActiveLow)
	if err := o.line.Out(level); err != nil {
		return fmt.Errorf("%s: switch %s: %w", o, word(on), err)
	}
	if got := o.line.Read(); got != level {
		return fmt.Errorf("%s: switched %s, but the line reads %v: look for a short or another user of the line", o, word(on), got)
	}
	return nil
}

// word is a state in messages.
func word(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
