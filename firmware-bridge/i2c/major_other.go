//go:build !linux

package i2c

import "os"

// charDevice finds none: this package opens buses on Linux alone.
func charDevice(os.FileInfo) (major uint64, ok bool) { return 0, false }
