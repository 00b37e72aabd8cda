package modbus

import (
	"context"
	"errors"

	"coldchain/sensors"
)

// reasonOf turns a line's error into the reason of a bad reading. An error
// that says nothing about itself means that the line is not there.
func reasonOf(err error) sensors.Reason {
	var exception interface{ Exception() uint8 }
	if errors.As(err, &exception) && exception.Exception() != 0 {
		return reasonOfException(exception.Exception())
	}
	var answer interface{ BadAnswer() bool }
	var late interface{ Timeout() bool }
	var given interface{ Canceled() bool }
	switch {
	case errors.As(err, &answer) && answer.BadAnswer():
		return sensors.BadAnswer
	case errors.As(err, &given) && given.Canceled(), errors.Is(err, context.Canceled):
		return sensors.Cancelled
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return sensors.Timeout
	}
	return sensors.Unreachable
}

// reasonOfException follows the Modbus Application Protocol V1.1b3, section 7.
// 1 to 3 refuse the question itself: asking again is of no use until somebody
// changes the configuration. 10 and 11 are a gateway speaking for a device
// behind it that it cannot reach or that did not answer.
func reasonOfException(code uint8) sensors.Reason {
	switch code {
	case 1, 2, 3:
		return sensors.ConfigFault
	case 5, 6:
		return sensors.DeviceBusy
	case 10:
		return sensors.Unreachable
	case 11:
		return sensors.Timeout
	}
	return sensors.DeviceFault
}
