//go:build !linux

package clock

import "time"

// ThisMachine is the machine this program runs on. What keeps its clock cannot
// be asked here: a possible date is believed.
func ThisMachine(built time.Time) *Machine {
	return &Machine{Synchronised: func() bool { return false }, Built: built}
}

// Uptime is not known here.
func Uptime() (_ time.Duration, ok bool) { return 0, false }
