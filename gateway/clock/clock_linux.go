package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// ThisMachine is the machine this program runs on.
func ThisMachine(built time.Time) *Machine {
	return &Machine{BootID: "/proc/sys/kernel/random/boot_id", RTCs: "/sys/class/rtc", Synchronised: synchronised, Built: built}
}

func synchronised() bool {
	var t unix.Timex
	_, err := unix.Adjtimex(&t)
	return err == nil && t.Status&unix.STA_UNSYNC == 0
}

// Uptime returns the time since the machine started, sleep included
// (CLOCK_BOOTTIME, clock_gettime(2)); no setting of the wall clock moves it.
// ok is false where the kernel has no such clock.
func Uptime() (_ time.Duration, ok bool) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}
