// Package i2c opens a Linux I2C bus by its path and keeps a hung bus from
// hanging anybody else. It guarantees that a transaction under a Watchdog ends
// within its limit, whatever the adapter does, and that a transaction given up
// can no longer touch its caller's buffers; and that a chip behind a multiplexer
// (Trunk) is never taken for its twin on another channel.
package i2c

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	periph "periph.io/x/conn/v3/i2c"
	"periph.io/x/host/v3/sysfs"
)

// i2cMajor is the character device number of i2c-dev (Linux
// Documentation/admin-guide/devices.txt: 89 char).
const i2cMajor = 89

var devicePath = regexp.MustCompile(`^/dev/i2c-([0-9]{1,5})$`)

// Open opens the I2C bus at path: /dev/i2c-1, or a link to such a device, as
// udev rules make. It needs no registry and no host initialisation. The error
// says what is there instead or what is missing.
func Open(path string) (periph.BusCloser, error) {
	number, err := busNumber(path)
	if err != nil {
		return nil, fmt.Errorf("open I2C bus: %w", err)
	}
	bus, err := sysfs.NewI2C(number)
	if err != nil {
		return nil, fmt.Errorf("open I2C bus %s: %w (is the agent's user in the group that owns it?)", path, err)
	}
	return bus, nil
}

// busNumber checks that path is an I2C character device and returns its number,
// because opening another kind of device as one can do harm.
func busNumber(path string) (int, error) {
	real, err := filepath.EvalSymlinks(path)
	if os.IsNotExist(err) {
		return 0, fmt.Errorf("%s does not exist: enable the bus and load the kernel module i2c-dev", path)
	}
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(real)
	if err != nil {
		return 0, err
	}
	if major, ok := charDevice(info); !ok || major != i2cMajor {
		return 0, fmt.Errorf("%s is not an I2C bus but %s: want a device such as /dev/i2c-1", path, kindOf(info))
	}
	m := devicePath.FindStringSubmatch(real)
	if m == nil {
		return 0, fmt.Errorf("%s is an I2C bus at %s, which is not of the form /dev/i2c-N", path, real)
	}
	return strconv.Atoi(m[1])
}

func kindOf(info os.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a directory"
	case mode&os.ModeCharDevice != 0:
		return "another character device"
	}
	return "something else"
}
