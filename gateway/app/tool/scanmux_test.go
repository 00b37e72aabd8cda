package tool

import (
	"bytes"
	"strings"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"coldchain/gateway/config"
	"coldchain/gateway/install"
	"coldchain/sensors/sensortest/fakebus"
)

// branched is a bus with a PCA9548 at 0x70: its register, and a bus behind
// each bit of it.
type branched struct {
	i2c.Bus
	behind map[int]i2c.Bus
	open   byte
}

func (b *branched) Tx(addr uint16, w, r []byte) error {
	if addr == 0x70 {
		for _, v := range w {
			b.open = v
		}
		for i := range r {
			r[i] = b.open
		}
		return nil
	}
	for n, bus := range b.behind {
		if b.open>>n&1 == 1 {
			if err := bus.Tx(addr, w, r); err == nil {
				return nil
			}
		}
	}
	return b.Bus.Tx(addr, w, r)
}

func thermometer() *fakebus.Registers {
	return &fakebus.Registers{Default: map[byte][]byte{0: {0x0C, 0x80}, 1: {0x02, 0x20}, 0x0F: {0x01, 0x17}}}
}

// TestChipsBehindAMultiplexer: two of one address on different channels, one on
// the bus itself that shows through every channel.
func TestChipsBehindAMultiplexer(t *testing.T) {
	bus := &branched{
		Bus: fakebus.New(0x18, &fakebus.Registers{Default: map[byte][]byte{6: {0x00, 0x54}, 7: {0x04, 0x00}}}),
		behind: map[int]i2c.Bus{
			2: fakebus.New(0x48, thermometer()),
			5: fakebus.New(0x48, thermometer()),
		},
	}
	result := install.Scan{Bus: "/dev/i2c-1", Key: "i2c", Value: "/dev/i2c-1", Complete: true}
	if err := scanChips(t.Context(), bus, []uint16{0x70}, nil, &result); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result.Write(&out, install.English)
	want := "/dev/i2c-1:\n" +
		"  0x18         mcp9808  identified       temperature\n" +
		"  0x70         pca9548  to be confirmed  looks like a PCA9548 multiplexer (it has no identity); look behind it with --mux\n" +
		"  0x70/2/0x48  tmp117   identified       temperature\n" +
		"  0x70/5/0x48  tmp117   identified       temperature\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if bus.open != 0 {
		t.Errorf("channels %#x are left connected", bus.open)
	}
	d, err := install.Chooser{County: "c", Site: "s", Gateway: "g", Zone: "box"}.Draft(t.Context(), result)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.ParseEdge("edge.yaml", []byte(d.YAML("/")))
	if err != nil {
		t.Fatalf("%v\n%s", err, d.YAML("/"))
	}
	if len(cfg.Devices) != 3 || cfg.Devices[2].Mux == nil || cfg.Devices[2].Mux.Channel != 5 {
		t.Errorf("devices %+v", cfg.Devices)
	}

	err = scanChips(t.Context(), bus, []uint16{0x71}, nil, &result)
	if err == nil || !strings.Contains(err.Error(), "nothing answers") {
		t.Errorf("a multiplexer that is not there: %v", err)
	}
}
