package i2cchip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	bridge "coldchain/firmware-bridge/i2c"
	"coldchain/sensors"
	"coldchain/sensors/sensortest/fakebus"
)

func TestReasons(t *testing.T) {
	tests := []struct {
		err  error
		want sensors.Reason
	}{
		{syscall.ENXIO, sensors.NoAck},
		{fmt.Errorf("hdc302x: init %w", fmt.Errorf("sysfs-i2c: %v", syscall.EREMOTEIO)), sensors.NoAck},
		{fmt.Errorf("sysfs-i2c: %v", syscall.EIO), sensors.NoAck},
		{syscall.EAGAIN, sensors.NoAck},
		{fmt.Errorf("sysfs-i2c: %v", syscall.ETIMEDOUT), sensors.Timeout},
		{syscall.ETIMEDOUT, sensors.Timeout},
		{&bridge.StuckError{}, sensors.Timeout},
		{context.DeadlineExceeded, sensors.Timeout},
		{context.Canceled, sensors.Cancelled},
		{syscall.EBADMSG, sensors.CRCError},
		{syscall.EPROTO, sensors.BadAnswer},
		{io.ErrUnexpectedEOF, sensors.ShortRead},
		{bridge.ErrClosed, sensors.Unreachable},
		{syscall.ENODEV, sensors.Unreachable},
		{fmt.Errorf("probe: %w", Faultf(sensors.DeviceBusy, "no such device or address")), sensors.DeviceBusy},
		{errors.New("anything else"), sensors.Unreachable},
	}
	for _, tt := range tests {
		if got := ReasonOf(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestChecksumsOfTheDatasheets(t *testing.T) {
	// Sensirion SHT3x-DIS and SHT4x, checksum table.
	if got := CRC8([]byte{0xBE, 0xEF}); got != 0x92 {
		t.Errorf("CRC8 of BE EF = %02X, want 92", got)
	}
	// HTU21D, "CRC checksum", its three examples.
	for in, want := range map[string]byte{"\xDC": 0x79, "\x68\x3A": 0x7C, "\x4E\x85": 0x6B} {
		if got := CRC8Zero([]byte(in)); got != want {
			t.Errorf("CRC8Zero of % x = %02X, want %02X", in, got, want)
		}
	}
	for n := range 65536 {
		b := []byte{byte(n >> 8), byte(n)}
		if CRC8(b) != fakebus.Checksum(0xFF, b) || CRC8Zero(b) != fakebus.Checksum(0, b) {
			t.Fatalf("% x: the two ways to compute it disagree", b)
		}
	}
}

func TestWordsWantEveryChecksumRight(t *testing.T) {
	good := make([]byte, 6)
	fakebus.Words(good, 0xBEEF, 0x1234)
	if w, err := Words(good); err != nil || w[0] != 0xBEEF || w[1] != 0x1234 {
		t.Errorf("%x, %v", w, err)
	}
	for i := range 48 {
		bad := append([]byte(nil), good...)
		bad[i/8] ^= 1 << (i % 8)
		if w, err := Words(bad); ReasonOf(err) != sensors.CRCError || w != nil {
			t.Errorf("bit %d turned over: %x, %v", i, w, err)
		}
	}
	if _, err := Words(good[:5]); ReasonOf(err) != sensors.ShortRead {
		t.Errorf("five bytes: %v", err)
	}
}
