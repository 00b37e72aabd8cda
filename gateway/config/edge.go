package config

import "time"

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
	Status   Listen       `yaml:"status"`
	Buses    []Bus        `yaml:"buses"`
	Devices  []Device     `yaml:"devices"`
	Limits   []EdgeLimits `yaml:"limits"`
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
}

// Listen is a local HTTP address; empty means none.
type Listen struct {
	Listen string `yaml:"listen"`
}

// Bus is one line that devices hang on: exactly one of ModbusTCP and I2C is set.
type Bus struct {
	Name      string        `yaml:"name"`
	ModbusTCP string        `yaml:"modbus_tcp"` // host:port
	I2C       string        `yaml:"i2c"`        // /dev/i2c-1
	Timeout   time.Duration `yaml:"timeout"`    // for one question; default 1s
}

// Device is one chip or slave: Profile and Slave for Modbus, Driver and
// Address for I2C.
type Device struct {
	Name    string `yaml:"name"`
	Bus     string `yaml:"bus"`
	Zone    string `yaml:"zone"`
	Profile string `yaml:"profile"` // a built-in profile's name, or a path to a .yaml file
	Slave   uint8  `yaml:"slave"`   // 1 to 247
	Driver  string `yaml:"driver"`  // hdc302x
	Address uint16 `yaml:"address"` // I2C address, e.g. 0x44
	// Points maps a point's name to the channel of the profile or driver that
	// measures it: {air: temperature}.
	Points map[string]string `yaml:"points"`
	// Interval overrides sampling.interval for this device.
	Interval time.Duration `yaml:"interval"`
}

// EdgeLimits are the limits by which the edge itself samples faster. The
// county's limits decide alarms.
type EdgeLimits struct {
	Zone     string   `yaml:"zone"`
	Quantity string   `yaml:"quantity"`
	High     *float64 `yaml:"high"`
	Low      *float64 `yaml:"low"`
}
