package w1

import (
	"os"
	"strings"
	"testing"

	"coldchain/sensors"
)

// The scratchpads are copies from public posts and from the kernel's
// documentation, with the checksums that real chips gave.
func TestParseSlave(t *testing.T) {
	tests := []struct {
		name   string
		family Family
		text   string
		want   Answer
	}{
		{"room", DS18B20, "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 YES\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n", Answer{Milli: 26125, Known: true}},
		{"another room", DS18B20, "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n", Answer{Milli: 23125, Known: true}},
		{"power-on value", DS18B20, "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n", Answer{Milli: 85000, Known: true, Suspect: true}},
		{"checksum NO keeps the old value", DS18B20, "a2 01 4b 46 7f ff 0e 10 d7 : crc=d8 NO\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n", Answer{Why: sensors.CRCError}},
		{"NO although the sum fits", DS18B20, "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 NO\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n", Answer{Why: sensors.CRCError}},
		{"YES although it does not", DS18B20, "a2 02 4b 46 7f ff 0e 10 d8 : crc=d8 YES\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n", Answer{Why: sensors.CRCError}},
		{"line on ground", DS18B20, "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n", Answer{Known: true, Why: sensors.SensorFault}},
		{"line open", DS18B20, "ff ff ff ff ff ff ff ff ff : crc=c9 NO\na2 01 4b 46 7f ff 0e 10 d8 t=-62\n", Answer{Why: sensors.CRCError}},
		{"temperature of other bytes", DS18B20, "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 YES\na2 01 4b 46 7f ff 0e 10 d8 t=23125\n", Answer{Why: sensors.BadAnswer}},
		{"empty", DS18B20, "", Answer{Why: sensors.SensorFault}},
		{"empty line", DS18B20, "\n", Answer{Why: sensors.SensorFault}},
		{"cut off", DS18B20, "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 YES\na2 01 4b 46 7f ff 0e 10 d8 t=", Answer{Why: sensors.BadAnswer}},
		{"only the verdict", DS18B20, "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 YES\n", Answer{Why: sensors.BadAnswer}},
		{"something else", DS18B20, "hello\n", Answer{Why: sensors.BadAnswer}},
	}
	for _, tt := range tests {
		if got := ParseSlave(tt.family, []byte(tt.text)); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// DS18B20 datasheet, table 1, "Temperature/Data Relationship"; beside it what
// the chips show when they have not measured.
func TestScratchpads(t *testing.T) {
	pad := func(low, high, config, b6, b7 byte) [9]byte {
		p := [9]byte{low, high, 0x4b, 0x46, config, 0xff, b6, b7}
		p[8] = crc8(p[:8])
		return p
	}
	tests := []struct {
		name   string
		family Family
		pad    [9]byte
		milli  int
		why    sensors.Reason
	}{
		{"+125", DS18B20, pad(0xD0, 0x07, 0x7f, 0x0c, 0x10), 125000, ""},
		{"+25.0625", DS18B20, pad(0x91, 0x01, 0x7f, 0x0c, 0x10), 25062, ""},
		{"+10.125", DS1822, pad(0xA2, 0x00, 0x7f, 0x0c, 0x10), 10125, ""},
		{"+0.5", DS28EA00, pad(0x08, 0x00, 0x7f, 0x0c, 0x10), 500, ""},
		{"0", DS18B20, pad(0x00, 0x00, 0x7f, 0x0c, 0x10), 0, ""},
		{"-0.0625, a legal value", DS18B20, pad(0xFF, 0xFF, 0x7f, 0x0c, 0x10), -62, ""},
		{"-0.5", DS18B20, pad(0xF8, 0xFF, 0x7f, 0x0c, 0x10), -500, ""},
		{"-10.125", DS1825, pad(0x5E, 0xFF, 0x7f, 0x0c, 0x10), -10125, ""},
		{"-25.0625", DS18B20, pad(0x6F, 0xFE, 0x7f, 0x0c, 0x10), -25062, ""},
		{"-55", DS18B20, pad(0x90, 0xFC, 0x7f, 0x0c, 0x10), -55000, ""},
		{"127.94, starved of power", DS18B20, pad(0xFF, 0x07, 0x7f, 0x0c, 0x10), 127937, sensors.SensorFault},
		{"beyond the chip", DS18B20, pad(0x8F, 0xFC, 0x7f, 0x0c, 0x10), -55062, sensors.OutOfRange},
		{"14-bit clone", DS18B20, pad(0x91, 0x01, 0xff, 0x0c, 0x10), 25062, ""},
		// DS18S20 datasheet: TEMP_READ - 0.25 + (COUNT_PER_C - COUNT_REMAIN)/COUNT_PER_C.
		{"DS18S20 +25", DS18S20, pad(0x32, 0x00, 0xff, 0x0c, 0x10), 25000, ""},
		{"DS18S20 -25", DS18S20, pad(0xCE, 0xFF, 0xff, 0x0c, 0x10), -25000, ""},
		{"DS18S20 power-on", DS18S20, pad(0xAA, 0x00, 0xff, 0x0c, 0x10), 85000, ""},
		{"DS18S20 without counter", DS18S20, pad(0x32, 0x00, 0xff, 0x0c, 0x00), 0, sensors.SensorFault},
		{"MAX31850", DS1825, pad(0x90, 0x01, 0xf0, 0xff, 0xff), 25000, ""},
		{"MAX31850 with an open thermocouple", DS1825, pad(0x91, 0x01, 0xf0, 0xff, 0xff), 25062, sensors.SensorFault},
	}
	for _, tt := range tests {
		got := ParseSlave(tt.family, []byte(slave(tt.pad, "YES", tt.milli)))
		if got.Milli != tt.milli || !got.Known || got.Why != tt.why || got.Suspect != (tt.milli == 85000) {
			t.Errorf("%s: %+v, want %d %q", tt.name, got, tt.milli, tt.why)
		}
	}
}

func TestParseTemperature(t *testing.T) {
	tests := []struct {
		text string
		want Answer
	}{
		{"-18500\n", Answer{Milli: -18500, Known: true}}, // as a 6.1 kernel gave it
		{"-62\n", Answer{Milli: -62, Known: true}},
		{"85000\n", Answer{Milli: 85000, Known: true, Suspect: true}},
		{"0\n", Answer{Known: true, Suspect: true}},
		{"-127000\n", Answer{Milli: -127000, Known: true, Why: sensors.SensorFault}},
		{"127937\n", Answer{Milli: 127937, Known: true, Why: sensors.SensorFault}},
		{"125001\n", Answer{Milli: 125001, Known: true, Why: sensors.OutOfRange}},
		{"", Answer{Why: sensors.SensorFault}},
		{"\n", Answer{Why: sensors.SensorFault}},
		{"12.5\n", Answer{Why: sensors.BadAnswer}},
		{"+5\n", Answer{Why: sensors.BadAnswer}},
		{"99999999999999999999\n", Answer{Why: sensors.BadAnswer}},
	}
	for _, tt := range tests {
		if got := ParseTemperature([]byte(tt.text)); got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func TestParseID(t *testing.T) {
	for id, want := range map[string]Family{"28-01420f1e64ff": DS18B20, "10-000802b4ba4c": DS18S20, "22-00000015c3d2": DS1822, "3b-000000000001": DS1825, "42-000000000001": DS28EA00} {
		if f, ok := ParseID(id); !ok || f != want {
			t.Errorf("%s: %v %v", id, f, ok)
		}
	}
	for _, id := range []string{"", "28-", "28-01420F1E64FF", "29-01420f1e64ff", "w1_bus_master1", "28-01420f1e64f/", "28_01420f1e64ff", "28-01420f1e64ff1", "../../etc/passwd"} {
		if f, ok := ParseID(id); ok {
			t.Errorf("%q passes as %v", id, f)
		}
	}
}

// FuzzParseSlave: whatever the file says, a measurement passed the checksum of
// its own bytes, is in the chip's range and fits them.
func FuzzParseSlave(f *testing.F) {
	for _, s := range []string{"", "a2 01 4b 46 7f ff 0e 10 d8 : crc=d8 YES\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n",
		"a2 01 4b 46 7f ff 0e 10 d7 : crc=d8 NO\na2 01 4b 46 7f ff 0e 10 d8 t=26125\n", "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n"} {
		f.Add(uint8(DS18B20), s)
		f.Add(uint8(DS18S20), s)
	}
	f.Fuzz(func(t *testing.T, family uint8, text string) {
		a := ParseSlave(Family(family), []byte(text))
		if a.Why != sensors.NoReason {
			return
		}
		if !a.Known || a.Milli < -55000 || a.Milli > 125000 {
			t.Fatalf("%q gives %+v", text, a)
		}
		if !strings.Contains(text, "YES") || strings.HasPrefix(text, "00 00 00 00 00 00 00 00") {
			t.Fatalf("%q passes", text)
		}
	})
}

func FuzzParseTemperature(f *testing.F) {
	for _, s := range []string{"", "-18500\n", "85000", "0x10", "--5", " 5 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a := ParseTemperature([]byte(text)); a.Why == sensors.NoReason && (!a.Known || a.Milli < -55000 || a.Milli > 125000) {
			t.Fatalf("%q gives %+v", text, a)
		}
	})
}

// TestFolderIsOneSysfsTree meets real files, links as sysfs has them included.
func TestFolderIsOneSysfsTree(t *testing.T) {
	root := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(root+"/real/w1_bus_master1/28-01420f1e64ff", 0o755))
	must(os.MkdirAll(root+"/devices", 0o755))
	must(os.Symlink("../real/w1_bus_master1", root+"/devices/w1_bus_master1"))
	must(os.Symlink("../real/w1_bus_master1/28-01420f1e64ff", root+"/devices/28-01420f1e64ff"))
	must(os.WriteFile(root+"/devices/28-01420f1e64ff/w1_slave", []byte(strings.Repeat("x", 9000)), 0o644))
	must(os.WriteFile(root+"/devices/w1_bus_master1/w1_master_slaves", []byte("28-01420f1e64ff\n"), 0o644))
	folder := Folder(root + "/devices")
	if text, err := folder.Read("28-01420f1e64ff/w1_slave"); err != nil || len(text) != maxFile {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if err := folder.Write("w1_bus_master1/therm_bulk_read", []byte("trigger\n")); !os.IsNotExist(err) {
		t.Errorf("a write made a file: %v", err)
	}
	found, err := List(t.Context(), NewFiles(folder))
	if err != nil || len(found) != 1 || found[0] != (Found{"w1_bus_master1", "28-01420f1e64ff", DS18B20}) {
		t.Errorf("%v %v", found, err)
	}
	if _, err := List(t.Context(), NewFiles(Folder(root+"/nothing"))); err == nil || !strings.Contains(err.Error(), "w1-gpio") {
		t.Errorf("no bus at all: %v", err)
	}
}
