package install

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	vetter "github.com/simonvetter/modbus"

	bridge "coldchain/firmware-bridge/modbus"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim"
	"coldchain/sensors/sim/slave"
)

func builtin(t *testing.T) []*modbus.Profile {
	t.Helper()
	list, err := modbus.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// strangers is served by simonvetter's implementation: unit 3 is an XY-MD02, 7
// a device nobody knows with −18.55 °C as a float with swapped words, 64.5 %RH
// in tenths and 2.4 °C in decimal digits, 9 refuses every question. The gateway
// answers for all others that they are silent.
type strangers struct{ writes *int }

func (s strangers) registers(unit uint8, table string, address, quantity uint16) ([]uint16, error) {
	maps := map[uint8]map[string]map[uint16]uint16{
		3: {"input": {1: 0xFF47, 2: 701}},
		7: {
			"input":   {10: 0x6666, 11: 0xC194, 12: 645, 13: 0},
			"holding": {0: 9600, 1: 7, 5: 0x0240},
		},
		9: {},
	}
	unitMap, there := maps[unit]
	if !there {
		return nil, vetter.ErrGWTargetFailedToRespond
	}
	tableMap, there := unitMap[table]
	if !there {
		return nil, vetter.ErrIllegalFunction
	}
	out := make([]uint16, 0, quantity)
	for i := range quantity {
		w, ok := tableMap[address+i]
		if !ok {
			return nil, vetter.ErrIllegalDataAddress
		}
		out = append(out, w)
	}
	return out, nil
}

func (s strangers) HandleCoils(r *vetter.CoilsRequest) ([]bool, error) {
	s.count(r.IsWrite)
	_, err := s.registers(r.UnitId, "coil", 0, 1)
	return nil, err
}

func (s strangers) HandleDiscreteInputs(r *vetter.DiscreteInputsRequest) ([]bool, error) {
	_, err := s.registers(r.UnitId, "discrete", 0, 1)
	return nil, err
}

func (s strangers) HandleHoldingRegisters(r *vetter.HoldingRegistersRequest) ([]uint16, error) {
	s.count(r.IsWrite)
	return s.registers(r.UnitId, "holding", r.Addr, r.Quantity)
}

func (s strangers) HandleInputRegisters(r *vetter.InputRegistersRequest) ([]uint16, error) {
	return s.registers(r.UnitId, "input", r.Addr, r.Quantity)
}

func (s strangers) count(write bool) {
	if write {
		*s.writes++
	}
}

// serve starts the strangers and returns their address.
func serve(t *testing.T, h vetter.RequestHandler) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	server, err := vetter.NewServer(&vetter.ServerConfiguration{URL: "tcp://" + addr, Logger: log.New(io.Discard, "", 0)}, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	return addr
}

func scanStrangers(t *testing.T) Scan {
	t.Helper()
	writes := 0
	addr := serve(t, strangers{&writes})
	line := &Reopening{Open: func() (LineCloser, error) { return bridge.NewTCPLine(addr, bridge.Options{}), nil }}
	t.Cleanup(func() { line.Close() })
	found, err := ScanLine(t.Context(), line, Options{IDs: []uint8{1, 2, 3, 7, 8, 9}, Pause: -1, Profiles: builtin(t), To: 15})
	if err != nil {
		t.Fatal(err)
	}
	if writes > 0 {
		t.Errorf("%d writes: a scan only reads", writes)
	}
	return Scan{Bus: "tcp://192.168.1.50:502", Key: "modbus_tcp", Value: "192.168.1.50:502", Lines: []Found{found}, Complete: true}
}

func TestScanAgainstAnIndependentServer(t *testing.T) {
	s := scanStrangers(t)
	for _, l := range []Language{Chinese, English} {
		var b strings.Builder
		s.Write(&b, l)
		golden(t, "scan-"+string(l)+".txt", b.String())
	}
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "scan.json", string(text)+"\n")
	ids := []uint8{}
	for _, one := range s.Lines[0].Slaves {
		ids = append(ids, one.ID)
	}
	if !slices.Equal(ids, []uint8{3, 7, 9}) {
		t.Errorf("found %v: want 3, 7 and 9; a gateway's exception 11 is not a slave", ids)
	}
}

// TestEverySimulatedDeviceIsRecognised holds the recognition against register
// maps that were written apart from the profiles.
func TestEverySimulatedDeviceIsRecognised(t *testing.T) {
	start := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	store := sim.Site{ID: "store", Rooms: []sim.Room{{ID: "mutton", Kind: sim.Frozen}, {ID: "dairy", Kind: sim.Dairy}}}
	truck := sim.Site{ID: "truck-1", Rooms: []sim.Room{{ID: "box", Kind: sim.FrozenBox}},
		Route: []sim.Stop{{Latitude: 39.83, Longitude: 108.73, Stay: time.Hour}, {Latitude: 40.6, Longitude: 108.7}}}
	for i, p := range slave.Profiles() {
		if p == "demo-gnss" {
			truck.Devices = append(truck.Devices, sim.Device{Name: p, Unit: 1, Profile: p})
			continue
		}
		store.Devices = append(store.Devices,
			sim.Device{Name: p, Unit: uint8(i + 1), Profile: p, Room: "mutton"},
			sim.Device{Name: p + "-d", Unit: uint8(i + 101), Profile: p, Room: "dairy"})
	}
	county, err := sim.New(sim.Plan{Seed: 4, Start: start, Sites: []sim.Site{store, truck}})
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range []sim.Site{store, truck} {
		devices, err := slave.NewDevices(county, site.ID)
		if err != nil {
			t.Fatal(err)
		}
		found, err := ScanLine(t.Context(), slave.NewLine(devices, start.Add(time.Hour)), Options{Pause: -1, Profiles: builtin(t), To: 31})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Slaves) != len(site.Devices) {
			t.Errorf("%s: %d slaves, want %d", site.ID, len(found.Slaves), len(site.Devices))
		}
		for _, s := range found.Slaves {
			i := slices.IndexFunc(site.Devices, func(d sim.Device) bool { return d.Unit == s.ID })
			want := site.Devices[i].Profile
			if best, ok := s.Known(); !ok || best.Profile != want {
				t.Errorf("%s slave %d is a %s: recognised as %+v", site.ID, s.ID, want, s.Candidates)
			}
		}
	}
}

// scripted answers from a function.
type scripted func(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error)

func (f scripted) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	return f(ctx, slave, function, address, quantity)
}
func (scripted) Close() error { return nil }

// lineError is an error with a class.
type lineError struct{ late, gone, bad bool }

func (lineError) Error() string       { return "scripted" }
func (e lineError) Timeout() bool     { return e.late }
func (e lineError) Unreachable() bool { return e.gone }
func (e lineError) BadAnswer() bool   { return e.bad }

func TestAScanGivenUpKeepsWhatItFound(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	line := scripted(func(ctx context.Context, slave, function uint8, _, quantity uint16) ([]byte, error) {
		switch slave {
		case 2:
			return make([]byte, 2*quantity), nil
		case 4:
			cancel()
			return nil, ctx.Err()
		}
		return nil, lineError{late: true}
	})
	found, err := ScanLine(ctx, line, Options{IDs: []uint8{1, 2, 3, 4, 5}, Pause: -1, Profiles: builtin(t)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was cancelled", err)
	}
	if len(found.Slaves) != 1 || found.Slaves[0].ID != 2 {
		t.Errorf("found %+v, want slave 2", found.Slaves)
	}
}

func TestALineThatIsNotThereIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		line := scripted(func(context.Context, uint8, uint8, uint16, uint16) ([]byte, error) {
			asked++
			return nil, lineError{gone: true}
		})
		found, err := ScanLine(t.Context(), line, Options{Profiles: builtin(t)})
		if err == nil || len(found.Slaves) > 0 {
			t.Errorf("found %+v, error %v: want the line's error", found.Slaves, err)
		}
		if asked > 20 {
			t.Errorf("asked %d questions of a line that is not there", asked)
		}
	})
}

// TestAGatewayThatCutsForAbsentSlaves is one that closes the connection instead
// of answering for a slave that it does not have.
func TestAGatewayThatCutsForAbsentSlaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		line := scripted(func(_ context.Context, slave, _ uint8, _, quantity uint16) ([]byte, error) {
			if slave == 1 || slave == 6 {
				return make([]byte, 2*quantity), nil
			}
			return nil, lineError{gone: true}
		})
		found, err := ScanLine(t.Context(), line, Options{IDs: []uint8{1, 2, 3, 4, 5, 6}, Profiles: nil})
		if err != nil || len(found.Slaves) != 2 {
			t.Errorf("found %+v, %v: want slaves 1 and 6", found.Slaves, err)
		}
		if FormatIDs(found.Cut) != "2-5" {
			t.Errorf("without a connection %v, want 2 to 5 told", found.Cut)
		}
	})
}

func TestOneDeviceThatAnswersToEveryNumber(t *testing.T) {
	line := scripted(func(_ context.Context, _, function uint8, _, quantity uint16) ([]byte, error) {
		return slices.Repeat([]byte{0, 42}, int(quantity)), nil
	})
	found, err := ScanLine(t.Context(), line, Options{Pause: -1, Profiles: builtin(t)})
	if err != nil || !found.Everywhere || len(found.Slaves) != 1 {
		t.Errorf("everywhere %v, %d slaves, %v: want one device", found.Everywhere, len(found.Slaves), err)
	}
}

// TestASlaveThatIsSilentInsteadOfRefusing costs a bounded number of time-outs.
func TestASlaveThatIsSilentInsteadOfRefusing(t *testing.T) {
	late := 0
	line := scripted(func(_ context.Context, _, function uint8, address, quantity uint16) ([]byte, error) {
		if function == 4 && address == 1 && quantity == 1 {
			return []byte{0xFF, 0x47}, nil
		}
		if function == 4 && address == 2 && quantity == 1 {
			return []byte{2, 0xBD}, nil
		}
		late++
		return nil, lineError{late: true}
	})
	found, err := ScanLine(t.Context(), line, Options{IDs: []uint8{1}, Pause: -1, Profiles: builtin(t), To: 31})
	if err != nil {
		t.Fatal(err)
	}
	if best, ok := found.Slaves[0].Known(); !ok || best.Profile != "xy-md02" {
		t.Errorf("recognised as %+v, want xy-md02", found.Slaves[0].Candidates)
	}
	if late > patience+1 {
		t.Errorf("%d time-outs, want at most %d", late, patience+1)
	}
}

func TestThePauseIsKeptBeforeEachQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last time.Time
		line := scripted(func(context.Context, uint8, uint8, uint16, uint16) ([]byte, error) {
			if !last.IsZero() && time.Since(last) < 50*time.Millisecond {
				t.Errorf("asked %v after the last question", time.Since(last))
			}
			last = time.Now()
			return nil, lineError{late: true}
		})
		if _, err := ScanLine(t.Context(), line, Options{IDs: []uint8{1, 2, 3}}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSerialSettingsAreTriedLikeliestFirst(t *testing.T) {
	var tried []string
	open := func(at Setting) (LineCloser, error) {
		tried = append(tried, at.String())
		return scripted(func(_ context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
			switch {
			case at.String() == "19200 8E1" && slave == 3 && function == 4 && address == 1 && quantity == 1:
				return []byte{0xFF, 0x47}, nil
			case at.Baud == 19200:
				return nil, lineError{bad: true} // the right rate with the wrong parity: noise
			}
			return nil, lineError{late: true}
		}), nil
	}
	found, err := ScanSerial(t.Context(), Settings(), false, open, Options{Pause: -1, Profiles: builtin(t)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"9600 8N1", "4800 8N1", "19200 8N1", "9600 8E1", "4800 8E1", "19200 8E1"}
	if !slices.Equal(tried, want) {
		t.Errorf("tried %v, want %v: it ends with what answers", tried, want)
	}
	if len(found) != 1 || found[0].Setting.String() != "19200 8E1" || found[0].Slaves[0].ID != 3 {
		t.Fatalf("found %+v, want slave 3 at 19200 8E1", found)
	}
}

func TestNoiseAloneIsTold(t *testing.T) {
	open := func(at Setting) (LineCloser, error) {
		return scripted(func(context.Context, uint8, uint8, uint16, uint16) ([]byte, error) {
			if at.Baud == 4800 {
				return nil, lineError{bad: true}
			}
			return nil, lineError{late: true}
		}), nil
	}
	found, err := ScanSerial(t.Context(), Settings()[:3], false, open, Options{IDs: []uint8{1, 2, 3}, Pause: -1})
	if err != nil || len(found) != 1 || len(found[0].Slaves) != 0 || FormatIDs(found[0].Garbled) != "1-3" {
		t.Errorf("found %+v, %v: want garbled answers at 4800", found, err)
	}
}

func TestASlaveOfAHighNumberIsFoundInTheSecondPass(t *testing.T) {
	open := func(at Setting) (LineCloser, error) {
		return scripted(func(_ context.Context, slave, _ uint8, _, quantity uint16) ([]byte, error) {
			if at.String() == "4800 8N1" && slave == 200 {
				return make([]byte, 2*quantity), nil
			}
			return nil, lineError{late: true}
		}), nil
	}
	found, err := ScanSerial(t.Context(), Settings()[:4], false, open, Options{Pause: -1})
	if err != nil || len(found) != 1 || found[0].Slaves[0].ID != 200 {
		t.Errorf("found %+v, %v: want slave 200", found, err)
	}
}

func TestWithAllEverySettingIsTriedOnce(t *testing.T) {
	tried := map[Setting]int{}
	open := func(at Setting) (LineCloser, error) {
		tried[at]++
		return scripted(func(_ context.Context, slave, _ uint8, _, quantity uint16) ([]byte, error) {
			if at.Baud == 9600 && slave == 1 {
				return make([]byte, 2*quantity), nil
			}
			return nil, lineError{late: true}
		}), nil
	}
	found, err := ScanSerial(t.Context(), Settings(), true, open, Options{IDs: []uint8{1, 2}, Pause: -1})
	if err != nil || len(found) != 4 {
		t.Errorf("found %d lines, %v: want the four of 9600", len(found), err)
	}
	for _, at := range Settings() {
		if tried[at] != 1 {
			t.Errorf("%s was opened %d times", at, tried[at])
		}
	}
}

func TestParseIDs(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []uint8
	}{
		{"1", []uint8{1}},
		{"3-5,1", []uint8{1, 3, 4, 5}},
		{" 246-247 , 2 ,2", []uint8{2, 246, 247}},
		{"0", nil}, {"248", nil}, {"5-3", nil}, {"", nil}, {"1-", nil}, {"a", nil}, {"-1", nil}, {"1-2-3", nil},
	} {
		got, err := ParseIDs(tt.in)
		if !slices.Equal(got, tt.want) || (err != nil) != (tt.want == nil) {
			t.Errorf("ParseIDs(%q) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func FuzzParseIDs(f *testing.F) {
	f.Add("1-20,33")
	f.Fuzz(func(t *testing.T, s string) {
		ids, err := ParseIDs(s)
		if err == nil && (len(ids) == 0 || ids[0] < 1 || ids[len(ids)-1] > 247 || !slices.IsSorted(ids)) {
			t.Errorf("ParseIDs(%q) = %v", s, ids)
		}
		if err == nil {
			if again, err := ParseIDs(FormatIDs(ids)); err != nil || !slices.Equal(ids, again) {
				t.Errorf("%v written as %s reads %v, %v", ids, FormatIDs(ids), again, err)
			}
		}
	})
}
