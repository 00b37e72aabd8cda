package serial

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// Info is one serial port of this machine.
type Info struct {
	Device string // where it is now, e.g. /dev/ttyUSB0
	// ByID is its lasting name under /dev/serial/by-id, to be written into a
	// configuration; empty for ports soldered to the board, which do not move.
	ByID string
	// ByPath names the socket it is plugged into, for adapters that have no
	// serial number and so share one ByID; may be empty.
	ByPath string
}

// Name is the one to configure: the lasting name where there is one.
func (i Info) Name() string {
	if i.ByID != "" {
		return i.ByID
	}
	return i.Device
}

// ports are the drivers' names on the boards this runs on. ttyS are placeholders
// on most machines; they are listed only when the kernel knows their hardware.
var ports = regexp.MustCompile(`^tty(USB|ACM|AMA|S|mxc|O|HS|SC|THS)[0-9]+$`)

// List returns the machine's serial ports in the order of their device names.
// It opens none: another program's port is not disturbed.
func List() ([]Info, error) { return list("/dev", "/sys/class/tty") }

func list(dev, class string) ([]Info, error) {
	entries, err := os.ReadDir(dev)
	if err != nil {
		return nil, fmt.Errorf("list serial ports: %w", err)
	}
	byID, byPath := links(filepath.Join(dev, "serial/by-id")), links(filepath.Join(dev, "serial/by-path"))
	var out []Info
	for _, e := range entries {
		name := e.Name()
		if !ports.MatchString(name) {
			continue
		}
		device := filepath.Join(dev, name)
		info := Info{Device: device, ByID: byID[device], ByPath: byPath[device]}
		if info.ByID == "" && !hardware(class, name) {
			continue
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b Info) int {
		if len(a.Device) != len(b.Device) { // ttyUSB2 before ttyUSB10
			return len(a.Device) - len(b.Device)
		}
		if a.Device < b.Device {
			return -1
		}
		return 1
	})
	return out, nil
}

// links maps each device that a folder of udev's links leads to, to its link.
// A machine without the folder has no such ports.
func links(folder string) map[string]string {
	out := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return out
	}
	for _, e := range entries {
		link := filepath.Join(folder, e.Name())
		if target, err := filepath.EvalSymlinks(link); err == nil {
			out[target] = link
		}
	}
	return out
}

// hardware reports whether there is hardware behind a device name: the 8250 driver
// makes four ttyS of type 0 (unknown) on every PC.
func hardware(class, name string) bool {
	if _, err := os.Stat(filepath.Join(class, name, "device")); err != nil {
		return false
	}
	kind, err := os.ReadFile(filepath.Join(class, name, "type"))
	return err != nil || string(kind) != "0\n" // only the serial core has the file
}
