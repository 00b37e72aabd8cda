package i2c

import (
	"os"
	"syscall"
)

// charDevice returns the major number of a character device.
func charDevice(info os.FileInfo) (major uint64, ok bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&os.ModeCharDevice == 0 {
		return 0, false
	}
	// glibc's gnu_dev_major.
	dev := uint64(st.Rdev)
	return dev>>8&0xfff | dev>>32&0xfffff000, true
}
