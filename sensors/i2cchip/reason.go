package i2cchip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"coldchain/sensors"
)

// Fault is what a driver found wrong with a chip's answer: the transaction
// went well and what it brought is not to be believed.
type Fault struct {
	Why  sensors.Reason
	Text string
}

// Error says what was found.
func (f *Fault) Error() string { return f.Text }

// Faultf returns a *Fault with a formatted text.
func Faultf(why sensors.Reason, format string, args ...any) error {
	return &Fault{Why: why, Text: fmt.Sprintf(format, args...)}
}

// errnoTexts are the error numbers that an I2C transfer gives on Linux, by
// their text, because periph's sysfs bus drops the number and keeps the text
// ("sysfs-i2c: %v"). Meanings as in the kernel's Documentation/i2c/
// fault-codes.rst, as far as adapters follow it: an absent chip is ENXIO on
// most, but EREMOTEIO, EIO or EAGAIN on some and a time-out on the i.MX6.
func errnoTexts() map[string]sensors.Reason {
	return map[string]sensors.Reason{
		"no such device or address":        sensors.NoAck,     // ENXIO
		"remote I/O error":                 sensors.NoAck,     // EREMOTEIO
		"input/output error":               sensors.NoAck,     // EIO
		"resource temporarily unavailable": sensors.NoAck,     // EAGAIN
		"connection timed out":             sensors.Timeout,   // ETIMEDOUT
		"bad message":                      sensors.CRCError,  // EBADMSG
		"protocol error":                   sensors.BadAnswer, // EPROTO
	}
}

// ReasonOf turns an error of the bus, of periph's drivers or of ours into the
// reason of a bad reading. An error that says nothing about the chip is the
// bus's own: Unreachable.
func ReasonOf(err error) sensors.Reason {
	var fault *Fault
	var late interface{ Timeout() bool }
	switch {
	case errors.As(err, &fault):
		return fault.Why
	case errors.Is(err, context.Canceled):
		return sensors.Cancelled
	case errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "short read"):
		return sensors.ShortRead
	case strings.HasSuffix(err.Error(), "invalid crc"): // unexported by periph's hdc302x
		return sensors.CRCError
	}
	for text, why := range errnoTexts() {
		if strings.HasSuffix(err.Error(), text) {
			return why
		}
	}
	// After the texts: EAGAIN calls itself a time-out.
	if errors.As(err, &late) && late.Timeout() {
		return sensors.Timeout
	}
	return sensors.Unreachable
}
