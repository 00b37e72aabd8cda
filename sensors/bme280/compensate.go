package bme280

import (
	"encoding/binary"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// The two blocks of calibration words (section 4.2.2, table 16).
const (
	lowBlock  = 26 // 0x88 to 0xA1
	highBlock = 7  // 0xE1 to 0xE7
)

// calibration are the words burnt into one chip; no two are alike.
type calibration struct {
	t1, t2, t3             float64
	h1, h2, h3, h4, h5, h6 float64
}

// parse takes the words apart as in table 16.
func parse(low, high []byte) (calibration, error) {
	if len(low) != lowBlock || len(high) != highBlock {
		return calibration{}, i2cchip.Faultf(sensors.ShortRead, "%d and %d bytes of calibration", len(low), len(high))
	}
	signed := func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) }
	k := calibration{
		t1: float64(binary.LittleEndian.Uint16(low)), t2: signed(low[2:]), t3: signed(low[4:]),
		h1: float64(low[25]), h2: signed(high), h3: float64(high[2]),
		// Two numbers of 12 bits share the byte at 0xE5; their upper bytes
		// carry the sign.
		h4: float64(int16(int8(high[3]))<<4 | int16(high[4]&0xF)),
		h5: float64(int16(int8(high[5]))<<4 | int16(high[4]>>4)),
		h6: float64(int8(high[6])),
	}
	if k.t1 == 0 || k.t1 == 0xFFFF || k.t2 == 0 || k.h2 == 0 {
		return calibration{}, i2cchip.Faultf(sensors.BadAnswer, "no calibration: % x, % x", low, high)
	}
	return k, nil
}

// temperature converts 20 bits into °C and the number that the humidity needs
// (appendix A, section 8.1, compensate_T).
func (k calibration) temperature(raw uint32) (celsius, fine float64) {
	x := (float64(raw)/16384 - k.t1/1024) * k.t2
	y := float64(raw)/131072 - k.t1/8192
	fine = x + y*y*k.t3
	return fine / 5120, fine
}

// humidity converts 16 bits into %RH (same section, compensate_H), of which
// what is below 0 or above 100 is left for the caller to crop.
func (k calibration) humidity(raw uint16, fine float64) float64 {
	t := fine - 76800
	h := (float64(raw) - (k.h4*64 + k.h5/16384*t)) *
		(k.h2 / 65536 * (1 + k.h6/67108864*t*(1+k.h3/67108864*t)))
	return h * (1 - k.h1*h/524288)
}
