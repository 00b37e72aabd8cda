package config

import (
	"time"

	"coldchain/sensors/ads1115"
)

// Edge is an edge agent's configuration file.
type Edge struct {
	County  string `yaml:"county"`
	Site    string `yaml:"site"`
	Gateway string `yaml:"gateway"`
	// Data is the folder that holds the journal.
	Data     string       `yaml:"data"`
	MQTT     MQTT         `yaml:"mqtt"`
	Sampling Sampling     `yaml:"sampling"`
	Journal  Journal      `yaml:"journal"`
	Delivery Delivery     `yaml:"delivery"`
	Status   Listen       `yaml:"status"`
	Buses    []Bus        `yaml:"buses"`
	Devices  []Device     `yaml:"devices"`
	Limits   []EdgeLimits `yaml:"limits"`
	Outputs  []Output     `yaml:"outputs"`
	// Modem tells people by SMS while the county does not; nil: nobody is told.
	Modem *SiteModem `yaml:"modem"`
	// Calibration is the file of calibration records; empty: none.
	Calibration string `yaml:"calibration"`
	// Labels are names of zones for the site's own page.
	Labels map[string]Label `yaml:"labels"`
}

// MQTT says how to reach the broker.
type MQTT struct {
	Server       string `yaml:"server"` // tcp://host:1883 or ssl://host:8883
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	CAFile       string `yaml:"ca_file"`
}

// Sampling sets how often devices are read.
type Sampling struct {
	Interval        time.Duration `yaml:"interval"`         // default 60s
	OutsideInterval time.Duration `yaml:"outside_interval"` // while a point of the device is outside its limits; default 15s
}

// Journal bounds the edge's records on disk.
type Journal struct {
	Commit time.Duration `yaml:"commit"` // longest wait before records are durable; default 1s
	Keep   time.Duration `yaml:"keep"`   // delivered records stay this long as local history; default 720h
	// MaxBytes bounds the journal on disk, its log included; default 1GiB.
	MaxBytes Size `yaml:"max_bytes"`
}

// Delivery bounds what undelivered records of the past may use of the way to
// the county. What is measured now, and the part of an excursion that goes on,
// is never held back.
type Delivery struct {
	BacklogRate uint32 `yaml:"backlog_rate"` // records a second; default 50
	// MiBPerDay is how many MiB may be used of a day before the backlog waits
	// for the next one; 0: not bounded. A truck's SIM card has a plan.
	MiBPerDay uint32 `yaml:"mib_per_day"`
	// Spread is the time over which gateways that come back together begin
	// with their backlogs; default 30s.
	Spread time.Duration `yaml:"spread"`
}

// Listen is a local HTTP address; empty means none.
type Listen struct {
	Listen string `yaml:"listen"`
}

// Bus is one line that devices hang on. Exactly one of the keys that say how
// it is reached is set; Kind tells which.
type Bus struct {
	Name         string        `yaml:"name"`
	ModbusTCP    string        `yaml:"modbus_tcp"`     // host:port of a Modbus TCP device or gateway
	ModbusRTU    string        `yaml:"modbus_rtu"`     // serial device, best from /dev/serial/by-id
	ModbusRTUTCP string        `yaml:"modbus_rtu_tcp"` // host:port of a serial server that passes RTU frames through
	I2C          string        `yaml:"i2c"`            // /dev/i2c-1
	OneWire      string        `yaml:"onewire"`        // the kernel's master: w1_bus_master1
	GPSD         string        `yaml:"gpsd"`           // host:port of gpsd
	NMEA         string        `yaml:"nmea"`           // serial device of a GNSS receiver
	Timeout      time.Duration `yaml:"timeout"`        // for one question; default 1s

	// Of serial lines.
	Baud     uint32 `yaml:"baud"`      // default 9600
	DataBits uint8  `yaml:"data_bits"` // default 8
	Parity   string `yaml:"parity"`    // none (default), even or odd
	StopBits uint8  `yaml:"stop_bits"` // default 1

	// Of Modbus RTU. LateWindow is how long the line must be silent after a
	// fault before anything is asked again; with Timeout it must cover the
	// slowest slave. Turnaround is the pause when the slave changes.
	LateWindow time.Duration `yaml:"late_window"`
	Turnaround time.Duration `yaml:"turnaround"`
}

// Device is one chip, slave or receiver: Profile and Slave for Modbus, Driver
// for everything else, with Address on I2C.
type Device struct {
	Name    string `yaml:"name"`
	Bus     string `yaml:"bus"`
	Zone    string `yaml:"zone"`
	Profile string `yaml:"profile"` // a built-in profile's name, or a path to a .yaml file
	Slave   uint8  `yaml:"slave"`   // 1 to 247
	Driver  string `yaml:"driver"`  // hdc302x, sht4x, ds18b20, gnss, ...
	Address uint16 `yaml:"address"` // I2C address, e.g. 0x44
	Mux     *Mux   `yaml:"mux"`     // the I2C multiplexer it hangs behind
	// Points maps a point's name to the channel of the profile or driver that
	// measures it, {air: temperature}; for ds18b20 to the probe's id,
	// {air: 28-01420f1e64ff}; for ads1115 to the name of an input.
	Points map[string]string `yaml:"points"`
	// Inputs says what hangs on the inputs of an ads1115.
	Inputs map[string]ads1115.Channel `yaml:"inputs"`
	// Interval overrides sampling.interval for this device.
	Interval time.Duration `yaml:"interval"`
}

// Mux is a channel of a PCA9548-class I2C multiplexer.
type Mux struct {
	Address uint16 `yaml:"address"` // 0x70 to 0x77
	Channel uint8  `yaml:"channel"` // 0 to 7
}

// Output is a siren or beacon of the site. Nothing else can be switched.
type Output struct {
	Name  string  `yaml:"name"`  // siren or beacon
	Bus   string  `yaml:"bus"`   // a Modbus bus
	Slave uint8   `yaml:"slave"` // 1 to 247
	Coil  *uint16 `yaml:"coil"`  // zero-based
	GPIO  string  `yaml:"gpio"`  // or a line of this machine, e.g. GPIO17
}

// EdgeLimits are the limits by which the site judges while the county has not
// sent its own: sampling faster, siren, beacon and the site's page. High and Low
// are warnings with a delay of 15 min; Lines say more than that.
type EdgeLimits struct {
	Zone     string   `yaml:"zone"`
	Quantity string   `yaml:"quantity"`
	High     *float64 `yaml:"high"`
	Low      *float64 `yaml:"low"`
	// Lines are limits as in the county's file.
	Lines []Limit `yaml:"lines"`
	// Hysteresis is by how much a value must be inside again; default 0.5 °C, 3 %RH.
	Hysteresis *float64 `yaml:"hysteresis"`
}
