package install

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/gateway/config"
	"coldchain/sensors/modbus"
)

func chooser(t *testing.T, answers string) (Chooser, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	c := Chooser{County: "hangjin", Site: "balagong", Gateway: "balagong-gw", Zone: "mutton-1"}
	if answers != "" {
		c.Terminal = NewTerminal(t.Context(), strings.NewReader(answers), &out, English)
	}
	return c, &out
}

func TestTheInstallersChoiceBecomesAConfiguration(t *testing.T) {
	s := scanStrangers(t)
	folder := t.TempDir()
	// 3 as recognised; 7 is a mistake first, then two registers; 9 is left out.
	c, out := chooser(t, "\n\nr99\nr2 r4\nDairy!\ndairy\n\n")
	d, err := c.Draft(t.Context(), s)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	golden(t, "choice.txt", out.String())
	golden(t, "choice.yaml", d.YAML("/etc/coldchain"))
	file := filepath.Join(folder, "edge.yaml")
	written, err := d.WriteFiles(file)
	if err != nil || len(written) != 2 {
		t.Fatalf("wrote %v, %v: want the configuration and a profile", written, err)
	}
	cfg, err := config.LoadEdge(file)
	if err != nil {
		t.Fatalf("the configuration that was written is refused: %v", err)
	}
	if len(cfg.Devices) != 2 || cfg.Devices[1].Zone != "dairy" {
		t.Errorf("devices %+v", cfg.Devices)
	}
	p, err := modbus.LoadProfile(cfg.Devices[1].Profile)
	if err != nil {
		t.Fatalf("the profile that was written is refused: %v", err)
	}
	channel, _ := p.Channel("temperature")
	if got := channel.Decode(channel.Span(), []byte{0x66, 0x66, 0xC1, 0x94}); got.Value != -18.55 {
		t.Errorf("the chosen register reads %+v through the profile, want -18.55", got)
	}
	text, err := os.ReadFile(cfg.Devices[1].Profile)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "choice-profile.yaml", string(text))

	if _, err := d.WriteFiles(file); err == nil {
		t.Error("a file was overwritten")
	}
	if _, err := d.WriteFiles(filepath.Join(folder, "other.yaml")); err == nil {
		t.Error("a profile was overwritten")
	}
	if _, err := os.Stat(filepath.Join(folder, "other.yaml")); !os.IsNotExist(err) {
		t.Error("a configuration was written beside a profile that was not")
	}
}

func TestWithoutATerminalTheBestMatchIsTaken(t *testing.T) {
	s := scanStrangers(t)
	s.Lines[0].Setting = &Setting{Baud: 19200, Parity: "even", StopBits: 1}
	s.Key, s.Value = "modbus_rtu", "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
	c, _ := chooser(t, "")
	d, err := c.Draft(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "best.yaml", d.YAML("/etc/coldchain"))
	if _, err := config.ParseEdge("best.yaml", []byte(d.YAML("/etc/coldchain"))); err != nil {
		t.Errorf("the configuration is refused: %v", err)
	}
}

func TestAnInputThatEndsWritesNothing(t *testing.T) {
	c, _ := chooser(t, "1\n")
	if _, err := c.Draft(t.Context(), scanStrangers(t)); !errors.Is(err, ErrInputEnded) {
		t.Errorf("error %v, want that the input ended", err)
	}
}
