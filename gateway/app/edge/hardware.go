package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"

	bridgei2c "coldchain/firmware-bridge/i2c"
	bridgemodbus "coldchain/firmware-bridge/modbus"
	"coldchain/firmware-bridge/serial"
	"coldchain/gateway/app"
	"coldchain/gateway/clock"
	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/sensors"
	"coldchain/sensors/gnss"
	"coldchain/sensors/output"
	"coldchain/sensors/w1"
)

// modbusLine is a line of slaves, over whatever wire.
type modbusLine interface {
	Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error)
	SetOutput(ctx context.Context, slave uint8, address uint16, on bool) error
	Close() error
}

// Hardware is the buses of a configuration, opened, and the devices on them.
// The agent reads them on schedule; the installer's tools read them once.
type Hardware struct {
	Devices []edge.Device

	cfg       *config.Edge
	clock     edge.Clock
	log       *slog.Logger
	lines     map[string]modbusLine
	trunks    map[string]*bridgei2c.Trunk
	muxes     map[muxKey][bridgei2c.Channels]i2c.Bus
	probes    *w1.Files
	receivers []*gnss.Receiver
	slaves    []output.Device // what else hangs on the lines, so that no output is taken for it
	closers   app.Closers
}

// OpenHardware opens the buses and makes a sensor of each configured device.
// A device that is away is no error: it says so when it is read. On error
// nothing stays open.
func OpenHardware(cfg *config.Edge, clock edge.Clock, log *slog.Logger) (_ *Hardware, err error) {
	h := &Hardware{cfg: cfg, clock: clock, log: log, lines: map[string]modbusLine{}, trunks: map[string]*bridgei2c.Trunk{}, muxes: map[muxKey][bridgei2c.Channels]i2c.Bus{}}
	defer func() {
		if err != nil {
			_ = h.Close()
		}
	}()
	for _, b := range cfg.Buses {
		if err := h.openBus(b); err != nil {
			return nil, fmt.Errorf("bus %s: %w", b.Name, err)
		}
	}
	for _, d := range cfg.Devices {
		sensor, kind, err := h.device(d)
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", d.Name, err)
		}
		interval := d.Interval
		if interval == 0 {
			interval = cfg.Sampling.Interval
		}
		h.Devices = append(h.Devices, edge.Device{
			Name: d.Name, Bus: d.Bus, Profile: kind, Sensor: sensor,
			Interval: interval, OutsideInterval: cfg.Sampling.OutsideInterval,
		})
	}
	return h, nil
}

// openBus is the visible list of buses this program can use. Lines and ports
// are opened at the first question, and again after they were gone.
func (h *Hardware) openBus(b config.Bus) error {
	o := bridgemodbus.Options{Timeout: b.Timeout, Logger: h.log.With("bus", b.Name)}
	rtu := bridgemodbus.RTUOptions{Options: o, LateWindow: b.LateWindow, Turnaround: b.Turnaround}
	switch b.Kind() {
	case config.KindModbusTCP:
		h.addLine(b.Name, bridgemodbus.NewTCPLine(b.ModbusTCP, o))
	case config.KindModbusRTUTCP:
		h.addLine(b.Name, bridgemodbus.NewRTUOverTCPLine(b.ModbusRTUTCP, rtu))
	case config.KindModbusRTU:
		line, err := bridgemodbus.NewRTULine(serialPort(b, b.ModbusRTU), rtu)
		if err != nil {
			return err
		}
		h.addLine(b.Name, line)
	case config.KindI2C:
		bus, err := bridgei2c.Open(b.I2C)
		if err != nil {
			return err
		}
		watched := bridgei2c.NewWatchdog(bus, b.Timeout)
		h.closers.Add("bus "+b.Name, watched.Close)
		h.trunks[b.Name] = bridgei2c.NewTrunk(watched)
	case config.KindOneWire:
		if h.probes == nil {
			h.probes = w1.NewFiles(w1.Folder(w1.SysfsRoot))
			h.closers.Add("1-Wire", h.closeProbes)
		}
	}
	return nil
}

func (h *Hardware) addLine(name string, l modbusLine) {
	h.lines[name] = l
	h.closers.Add("bus "+name, l.Close)
}

func (h *Hardware) closeProbes() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return h.probes.Close(ctx)
}

func serialPort(b config.Bus, path string) serial.Config {
	return serial.Config{Path: path, Baud: int(b.Baud), DataBits: int(b.DataBits), Parity: serial.Parity(b.Parity), StopBits: int(b.StopBits)}
}

// receiver makes a GNSS receiver of a bus; Run keeps it up.
func (h *Hardware) receiver(d config.Device, points map[sensors.PointID]string) (sensors.Sensor, error) {
	bus := h.bus(d.Bus)
	var source gnss.Source
	switch bus.Kind() {
	case config.KindGPSD:
		source = gnss.Gpsd{Address: bus.GPSD, Dial: (&net.Dialer{Timeout: bus.Timeout}).DialContext}
	default:
		port := serialPort(bus, bus.NMEA)
		source = gnss.NMEA{Open: func(context.Context) (io.ReadCloser, error) { return serial.Open(port) }}
	}
	r, err := gnss.New(gnss.Config{Name: d.Name, Points: points, Built: clock.Built(), Now: h.clock.Now, Logger: h.log.With("device", d.Name)}, source)
	if err != nil {
		return nil, err
	}
	h.receivers = append(h.receivers, r)
	return r, nil
}

func (h *Hardware) bus(name string) config.Bus {
	for _, b := range h.cfg.Buses {
		if b.Name == name {
			return b
		}
	}
	return config.Bus{}
}

// Run keeps up what listens by itself, until ctx ends.
func (h *Hardware) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, r := range h.receivers {
		wg.Go(func() {
			if err := r.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				h.log.Error("receiver", "device", r.String(), "error", err)
			}
		})
	}
	wg.Wait()
}

// Close closes every bus.
func (h *Hardware) Close() error { return h.closers.Close() }
