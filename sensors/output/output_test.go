package output

import (
	"context"
	"errors"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"coldchain/sensors"
)

// Whatever is asked for, only a siren and a beacon exist.
func TestOnlySirenAndBeaconExist(t *testing.T) {
	for _, s := range []string{"siren", "beacon"} {
		if k, err := ParseKind(s); err != nil || string(k) != s {
			t.Errorf("%s: %v %v", s, k, err)
		}
	}
	for _, s := range []string{"", "Siren", "relay", "compressor", "defrost", "fan", "output", "light", "cooling", "siren "} {
		if _, err := ParseKind(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
		if err := (Config{Kind: Kind(s), Pin: &Pin{Name: "GPIO17"}}).Check(); err == nil {
			t.Errorf("an output of kind %q was accepted", s)
		}
		if _, err := NewCoil(Kind(s), Coil{"line", 1, 0}, &fakeCoils{}); err == nil {
			t.Errorf("a coil of kind %q was made", s)
		}
		if _, err := NewPin(Kind(s), Pin{Name: "GPIO17"}, &fakePin{}); err == nil {
			t.Errorf("a pin of kind %q was made", s)
		}
	}
}

func TestConfigNamesEveryMistake(t *testing.T) {
	tests := []struct {
		name string
		c    Config
		want string
	}{
		{"a coil", Config{Kind: Siren, Coil: &Coil{"line", 9, 0}}, ""},
		{"a pin", Config{Kind: Beacon, Pin: &Pin{"GPIO17", true}}, ""},
		{"neither", Config{Kind: Siren}, "either a coil or a pin"},
		{"both", Config{Kind: Siren, Coil: &Coil{"line", 9, 0}, Pin: &Pin{Name: "GPIO17"}}, "either a coil or a pin"},
		{"broadcast", Config{Kind: Siren, Coil: &Coil{"line", 0, 0}}, "slave 0"},
		{"no such slave", Config{Kind: Siren, Coil: &Coil{"line", 248, 0}}, "slave 248"},
		{"no bus", Config{Kind: Siren, Coil: &Coil{"", 9, 0}}, "lacks its bus"},
		{"no pin", Config{Kind: Siren, Pin: &Pin{}}, "GPIO17"},
		{"a path", Config{Kind: Siren, Pin: &Pin{Name: "a b"}}, "GPIO17"},
	}
	for _, tt := range tests {
		err := tt.c.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestAnOutputLiesApartFromWhatRefrigerates(t *testing.T) {
	controller := Device{Name: "room-1", Bus: "line", Slave: 5, Profile: "carel-ir33",
		Offers: []sensors.Quantity{sensors.Temperature, sensors.Compressor, sensors.Defrost, sensors.Door}}
	thermometer := Device{Name: "air", Bus: "line", Slave: 6, Profile: "dixell-xr75cx", Offers: []sensors.Quantity{sensors.Temperature}}
	contacts := Device{Name: "power", Bus: "line", Slave: 7, Profile: "dio-8",
		Offers: []sensors.Quantity{sensors.Mains, sensors.Door, sensors.Generator, sensors.BatteryOK}}
	devices := []Device{controller, thermometer, contacts}
	coil := func(kind Kind, slave uint8, address uint16) Config {
		return Config{Kind: kind, Coil: &Coil{"line", slave, address}}
	}
	tests := []struct {
		name    string
		outputs []Config
		want    string
	}{
		{"a relay module of its own", []Config{coil(Siren, 20, 0), coil(Beacon, 20, 1)}, ""},
		{"the module of the contacts", []Config{coil(Siren, 7, 0)}, ""},
		{"a controller", []Config{coil(Siren, 5, 54)}, "room-1 (carel-ir33)"},
		{"what may be a controller", []Config{coil(Beacon, 6, 0x0200)}, "air (dixell-xr75cx)"},
		{"the controller's number on another line", []Config{{Kind: Siren, Coil: &Coil{"other", 5, 0}}}, ""},
		{"two on one coil", []Config{coil(Siren, 20, 0), coil(Beacon, 20, 0)}, "both on coil 0"},
		{"two on one pin", []Config{{Kind: Siren, Pin: &Pin{Name: "GPIO4"}}, {Kind: Beacon, Pin: &Pin{Name: "GPIO4"}}}, "both on pin GPIO4"},
	}
	for _, tt := range tests {
		err := CheckApart(tt.outputs, devices)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

type fakeCoils struct {
	asked []string
	err   error
}

func (f *fakeCoils) SetOutput(_ context.Context, slave uint8, address uint16, on bool) error {
	f.asked = append(f.asked, word(on))
	return f.err
}

func TestACoilIsSwitchedAndItsFailureNamesIt(t *testing.T) {
	line := &fakeCoils{}
	o, err := NewCoil(Siren, Coil{"line-1", 20, 3}, line)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Set(t.Context(), true); err != nil || len(line.asked) != 1 || line.asked[0] != "on" {
		t.Errorf("%v %v", err, line.asked)
	}
	line.err = errors.New("no answer")
	err = o.Set(t.Context(), false)
	if want := "siren (coil 3 of slave 20 on line-1): switch off: no answer"; err == nil || err.Error() != want || !errors.Is(err, line.err) {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := NewCoil(Siren, Coil{"line-1", 20, 3}, nil); err == nil {
		t.Error("a coil without a line")
	}
}

// fakePin is a GPIO line; a stuck one keeps its level, as a shorted line does.
type fakePin struct {
	gpio.PinIO // what is not faked is not to be called
	level      gpio.Level
	stuck      bool
	err        error
}

func (p *fakePin) Read() gpio.Level { return p.level }

func (p *fakePin) Out(l gpio.Level) error {
	if !p.stuck && p.err == nil {
		p.level = l
	}
	return p.err
}

func TestAPinIsReadBack(t *testing.T) {
	tests := []struct {
		name      string
		activeLow bool
		on        bool
		want      gpio.Level
	}{
		{"on", false, true, gpio.High},
		{"off", false, false, gpio.Low},
		{"on, active low", true, true, gpio.Low},
		{"off, active low", true, false, gpio.High},
	}
	for _, tt := range tests {
		line := &fakePin{}
		o, err := NewPin(Beacon, Pin{"GPIO17", tt.activeLow}, line)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Set(t.Context(), tt.on); err != nil || line.level != tt.want {
			t.Errorf("%s: %v, level %v", tt.name, err, line.level)
		}
		stuck := &fakePin{level: !tt.want, stuck: true}
		if o, err = NewPin(Beacon, Pin{"GPIO17", tt.activeLow}, stuck); err != nil {
			t.Fatal(err)
		}
		if err := o.Set(t.Context(), tt.on); err == nil || !strings.Contains(err.Error(), "beacon (pin GPIO17)") {
			t.Errorf("%s on a line that does not follow: %v", tt.name, err)
		}
		broken := &fakePin{err: errors.New("no permission")}
		if o, err = NewPin(Beacon, Pin{"GPIO17", tt.activeLow}, broken); err != nil {
			t.Fatal(err)
		}
		if err := o.Set(t.Context(), tt.on); !errors.Is(err, broken.err) {
			t.Errorf("%s on a line that refuses: %v", tt.name, err)
		}
	}
	if _, err := NewPin(Beacon, Pin{Name: "GPIO99"}, gpio.INVALID); err == nil {
		t.Error("a line that is not there was accepted")
	}
	line := &fakePin{}
	o, err := NewPin(Siren, Pin{Name: "GPIO17"}, line)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Set(ctx, true); !errors.Is(err, context.Canceled) || line.level != gpio.Low {
		t.Errorf("a cancelled switch: %v, level %v", err, line.level)
	}
}
