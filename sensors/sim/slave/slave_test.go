package slave

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	goburrow "github.com/goburrow/modbus"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// plan is one store and one truck with a device of each profile.
func plan() sim.Plan {
	store := sim.Site{ID: "store", Rooms: []sim.Room{{ID: "mutton", Kind: sim.Frozen}, {ID: "dairy", Kind: sim.Dairy}}}
	for i, p := range []string{"xy-md02", "carel-ir33", "danfoss-erc214", "eliwell-idplus", "juying-pt100", "dio-8"} {
		store.Devices = append(store.Devices, sim.Device{Name: p, Unit: uint8(i + 1), Profile: p, Room: "mutton"})
	}
	truck := sim.Site{
		ID:      "truck-1",
		Rooms:   []sim.Room{{ID: "box", Kind: sim.FrozenBox}},
		Devices: []sim.Device{{Name: "gnss", Unit: 1, Profile: "demo-gnss"}},
		Route:   []sim.Stop{{Latitude: 39.83, Longitude: 108.73, Stay: time.Hour}, {Latitude: 40.6, Longitude: 108.7}},
	}
	return sim.Plan{Seed: 4, Start: start, Sites: []sim.Site{store, truck}}
}

func county(t *testing.T, p sim.Plan) *sim.County {
	t.Helper()
	c, err := sim.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// readThrough reads all channels that the driver's profile and the simulated
// device have in common, at one simulated time.
func readThrough(t *testing.T, c *sim.County, site string, unit uint8, profile string, at time.Time) map[string]sensors.Reading {
	t.Helper()
	d, err := NewDevices(c, site)
	if err != nil {
		t.Fatal(err)
	}
	line := NewLine(d, at)
	p, err := modbus.LoadProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	points := map[sensors.PointID]string{}
	for _, ch := range p.Channels {
		points[sensors.PointID("s/z/"+ch.Name)] = ch.Name
	}
	device, err := modbus.New(modbus.Config{Name: profile, Slave: unit, Profile: p, Points: points, Now: line.Now}, line)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]sensors.Reading{}
	for id := range points {
		for _, r := range device.Read(context.Background(), []sensors.PointID{id}) {
			out[id.Name()] = r
		}
	}
	return out
}

// The driver's own profiles find on the simulated devices what the physics
// says, to the device's resolution.
func TestDriverReadsThePhysics(t *testing.T) {
	c := county(t, plan())
	at := start.Add(-5 * time.Hour)
	truth, err := c.Measure("store", 1, at)
	if err != nil {
		t.Fatal(err)
	}
	truck, err := c.Measure("truck-1", 1, at)
	if err != nil {
		t.Fatal(err)
	}
	state := map[bool]float64{true: 1}
	for _, k := range []struct {
		site, profile, channel string
		unit                   uint8
		want, within           float64
	}{
		{"store", "xy-md02", "temperature", 1, truth.Temperature, 0.051},
		{"store", "xy-md02", "humidity", 1, truth.Humidity, 0.051},
		{"store", "carel-ir33", "temperature", 2, truth.Temperature, 0.16}, // another probe's noise
		{"store", "carel-ir33", "compressor", 2, state[truth.Compressor], 0},
		{"store", "carel-ir33", "defrost", 2, state[truth.Defrost], 0},
		{"store", "carel-ir33", "door", 2, state[truth.Door], 0},
		{"store", "danfoss-erc214", "temperature", 3, truth.Temperature, 0.11},
		{"store", "eliwell-idplus", "temperature", 4, truth.Temperature, 0.16},
		{"store", "eliwell-idplus", "door", 4, state[truth.Door], 0},
		{"store", "eliwell-idplus", "compressor", 4, state[truth.Compressor], 0},
		{"store", "eliwell-idplus", "defrost", 4, state[truth.Defrost], 0},
		{"store", "juying-pt100", "temperature-1", 5, truth.Temperature, 0.11},
		{"store", "dio-8", "mains", 6, 1, 0},
		{"store", "dio-8", "door", 6, state[truth.Door], 0},
		{"store", "dio-8", "mains-l3", 6, state[truth.Phases[2]], 0},
		{"store", "dio-8", "battery-ok", 6, 1, 0},
		{"truck-1", "demo-gnss", "latitude", 1, truck.Latitude, 1e-5},
		{"truck-1", "demo-gnss", "longitude", 1, truck.Longitude, 1e-5},
	} {
		r := readThrough(t, c, k.site, k.unit, k.profile, at)[k.channel]
		v, ok := r.Value()
		if !ok || math.Abs(v-k.want) > k.within || !r.Time.Equal(at) {
			t.Errorf("%s %s: read %v, the physics says %.3f", k.profile, k.channel, r, k.want)
		}
	}
}

// A broken wire is never a temperature, whatever the device.
func TestOpenProbeGivesNoValue(t *testing.T) {
	p := plan()
	for _, d := range p.Sites[0].Devices {
		p.Faults = append(p.Faults, sim.Fault{Kind: sim.ProbeOpen, Site: "store", Device: d.Name, At: sim.After(-time.Hour)})
	}
	c := county(t, p)
	for _, d := range p.Sites[0].Devices {
		for name, r := range readThrough(t, c, "store", d.Unit, d.Profile, start) {
			if v, ok := r.Value(); ok && (strings.HasPrefix(name, "temperature") || name == "humidity") {
				t.Errorf("%s: an open probe was read as %s = %g", d.Profile, name, v)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	p := plan()
	p.Faults = []sim.Fault{
		{Kind: sim.SlaveSilent, Site: "store", Device: "carel-ir33", At: sim.After(0)},
		{Kind: sim.SlaveException, Site: "store", Device: "danfoss-erc214", At: sim.After(0)},
	}
	d, err := NewDevices(county(t, p), "store")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name              string
		unit, function    uint8
		address, quantity uint16
		want              Exception
	}{
		{"address before the map", 1, 4, 0, 1, IllegalAddress},
		{"block that runs over the end", 1, 4, 2, 2, IllegalAddress},
		{"hole in the block", 4, 2, 2027, 2, IllegalAddress},
		{"half a float and beyond", 5, 4, 0x33, 2, IllegalAddress},
		{"wrong function", 1, 3, 1, 1, IllegalFunction},
		{"nothing asked", 1, 4, 1, 0, IllegalValue},
		{"past the last address", 1, 4, 0xFFFF, 2, IllegalValue},
		{"nobody has this unit", 99, 4, 1, 1, TargetSilent},
		{"scheduled exception", 3, 3, 2529, 1, DeviceFailure},
	} {
		_, err := d.Ask(k.unit, k.function, k.address, k.quantity, start)
		if !errors.Is(err, k.want) {
			t.Errorf("%s: %v, want exception %d", k.name, err, k.want)
		}
	}
	_, err = d.Ask(2, 4, 403, 1, start)
	var late interface{ Timeout() bool }
	if !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("silent device: %v, want a time-out", err)
	}
}

// collect gathers answers from several connections.
type collect struct {
	mu   sync.Mutex
	list []Answer
}

func (c *collect) add(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, a)
}

func client(t *testing.T, address string, unit uint8) goburrow.Client {
	t.Helper()
	h := goburrow.NewTCPClientHandler(address)
	h.SlaveId, h.Timeout = unit, 5*time.Second
	if err := h.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return goburrow.NewClient(h)
}

// Over the network an independent client gets the bytes that are given
// in-process, and the hook sees each answer once and no refusal.
func TestNetworkAndProcessAgree(t *testing.T) {
	c := county(t, plan())
	devices, err := NewDevices(c, "store")
	if err != nil {
		t.Fatal(err)
	}
	var seen collect
	s, err := Listen(c, "store", Options{Now: func() time.Time { return start }, OnAnswer: seen.add})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(unit uint8) goburrow.Client { return client(t, s.Address(), unit) }
	type read func(address, quantity uint16) ([]byte, error)
	for _, k := range []struct {
		unit, function    uint8
		address, quantity uint16
		read              read
	}{
		{1, 4, 1, 2, ask(1).ReadInputRegisters},
		{2, 4, 403, 1, ask(2).ReadInputRegisters},
		{2, 2, 43, 1, ask(2).ReadDiscreteInputs},
		{3, 3, 2529, 1, ask(3).ReadHoldingRegisters},
		{5, 4, 0x32, 2, ask(5).ReadInputRegisters},
		{6, 2, 0, 8, ask(6).ReadDiscreteInputs},
	} {
		got, err := k.read(k.address, k.quantity)
		if err != nil {
			t.Errorf("unit %d: %v", k.unit, err)
			continue
		}
		want, err := devices.Ask(k.unit, k.function, k.address, k.quantity, start)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("unit %d: %x over the network, %x in-process (%v)", k.unit, got, want, err)
		}
		last := seen.list[len(seen.list)-1]
		if last.Unit != k.unit || last.Function != k.function || last.Address != k.address || !bytes.Equal(last.Data, want) {
			t.Errorf("unit %d: the hook saw %+v", k.unit, last)
		}
	}
	n := len(seen.list)
	for _, err := range []error{
		func() error { _, err := ask(1).ReadInputRegisters(7, 1); return err }(),
		func() error { _, err := ask(1).WriteSingleRegister(1, 1); return err }(),
	} {
		var e *goburrow.ModbusError
		if !errors.As(err, &e) {
			t.Errorf("refused question: %v, want an exception", err)
		}
	}
	if len(seen.list) != n {
		t.Errorf("the hook saw %d refusals", len(seen.list)-n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", s.Address()); err == nil {
		conn.Close()
		t.Error("somebody still listens after Close")
	}
}

// A silent slave keeps the question until the server is closed.
func TestSilentSlaveOverTheNetwork(t *testing.T) {
	p := plan()
	p.Faults = []sim.Fault{{Kind: sim.SlaveSilent, Site: "store", Device: "xy-md02", At: sim.After(0)}}
	s, err := Listen(county(t, p), "store", Options{Now: func() time.Time { return start }, SilentFor: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	h := goburrow.NewTCPClientHandler(s.Address())
	h.SlaveId, h.Timeout = 1, 50*time.Millisecond
	defer h.Close()
	_, err = goburrow.NewClient(h).ReadInputRegisters(1, 1)
	var late net.Error
	if !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("silent slave: %v, want a time-out", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestReplay(t *testing.T) {
	file := "time,temperature,humidity\na,1.73,44\nb,1.7,44\nc,-18.25,44\n"
	var log bytes.Buffer
	now := start
	o := ReplayOptions{Column: "temperature", Log: &log}
	o.Now = func() time.Time { now = now.Add(time.Second); return now }
	s, player, err := Replay(strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := client(t, s.Address(), 1)
	for i, want := range []int16{173, 170, -1825} {
		if _, err := c.ReadInputRegisters(2, 1); err == nil {
			t.Error("another address was answered")
		}
		data, err := c.ReadInputRegisters(1, 1)
		if err != nil || int16(uint16(data[0])<<8|uint16(data[1])) != want {
			t.Errorf("row %d: %x, %v; want %d", i+1, data, err, want)
		}
	}
	<-player.Done()
	var busy *goburrow.ModbusError
	if _, err := c.ReadInputRegisters(1, 1); !errors.As(err, &busy) || busy.ExceptionCode != 6 {
		t.Errorf("after the last row: %v, want exception 6", err)
	}
	rows, err := csv.NewReader(&log).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var short []string
	for _, r := range rows {
		short = append(short, strings.Join(r[:2], ","))
	}
	if got, want := fmt.Sprint(short), "[row,value 1,1.73 2,1.7 3,-18.25]"; got != want {
		t.Errorf("log %s, want %s", got, want)
	}
	if got, want := rows[2][2], "2026-11-23T04:00:04Z"; got != want {
		t.Errorf("row 2 answered at %s, want %s: refused questions take no row", got, want)
	}
}

func TestReplayMistakes(t *testing.T) {
	for name, k := range map[string]struct{ file, want string }{
		"empty file":     {"", "heading"},
		"no such column": {"time,humidity\na,1\n", "temperature"},
		"no rows":        {"temperature\n", "no rows"},
		"not a number":   {"temperature\n1\nwarm\n", "line 3"},
		"not finite":     {"temperature\nNaN\n", "line 2"},
		"too large":      {"temperature\n400\n", "line 2"},
		"short row":      {"time,temperature\na,1\nb\n", "line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Replay(strings.NewReader(k.file), ReplayOptions{Column: "temperature", Options: Options{Now: time.Now}})
			if err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("error %v, want one that mentions %q", err, k.want)
			}
		})
	}
}

// No question, however odd, panics or is answered with the wrong size.
func FuzzAsk(f *testing.F) {
	c, err := sim.New(plan())
	if err != nil {
		f.Fatal(err)
	}
	d, err := NewDevices(c, "store")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(1), uint8(4), uint16(1), uint16(2))
	f.Add(uint8(5), uint8(4), uint16(0x33), uint16(1))
	f.Add(uint8(6), uint8(2), uint16(0), uint16(9))
	f.Fuzz(func(t *testing.T, unit, function uint8, address, quantity uint16) {
		data, err := d.Ask(unit, function, address, quantity, start)
		size := 2 * int(quantity)
		if function <= 2 {
			size = (int(quantity) + 7) / 8
		}
		if err == nil && len(data) != size {
			t.Errorf("%d bytes for %d items of function %d", len(data), quantity, function)
		}
	})
}
