package ads1115

import (
	"encoding/binary"
	"math"
	"time"

	"coldchain/sensors/sensortest/fakebus"
)

// chip is a model of the ADS1115 after its datasheet: conversions take their
// time, a start during one is ignored, and the result register keeps the last
// result until the next is there.
type chip struct {
	volts map[uint16]float64 // by multiplexer setting
	clock float64            // speed of its clock, nominal 1
	deaf  bool               // never finishes

	config, result uint16
	pointer        byte
	running        bool
	pending        uint16 // the configuration of the conversion under way
	ends           time.Time
}

func (c *chip) PowerUp() { c.config, c.result, c.pointer, c.running = 0x0583, 0, 0, false }

func (c *chip) Tx(w, r []byte) error {
	c.advance()
	if len(w) > 0 {
		c.pointer = w[0]
	}
	if len(w) == 3 && c.pointer == regConfig {
		v := binary.BigEndian.Uint16(w[1:])
		c.config = v &^ bitStart
		if !c.running && (v&bitStart != 0 || v&bitSingle == 0) {
			c.start()
		}
	}
	if len(r) == 2 {
		v := c.result
		if c.pointer == regConfig {
			v = c.config
			if !c.running {
				v |= bitStart
			}
		}
		binary.BigEndian.PutUint16(r, v)
	} else if len(r) != 0 || c.pointer > 3 {
		return fakebus.NACK()
	}
	return nil
}

func (c *chip) start() {
	c.running, c.pending = true, c.config
	rate := []float64{8, 16, 32, 64, 128, 250, 475, 860}[c.config>>rateShift&7]
	c.ends = time.Now().Add(time.Duration(float64(time.Second) / rate / c.clock))
}

func (c *chip) advance() {
	for c.running && !c.deaf && !time.Now().Before(c.ends) {
		c.result = c.code(c.pending)
		c.running = false
		if c.config&bitSingle == 0 {
			c.start()
		}
	}
}

// code converts what is there now; it clips at the ends.
func (c *chip) code(config uint16) uint16 {
	full := []float64{6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256}[config>>gainShift&7]
	n := math.Round(c.volts[config>>muxShift&7] / full * 32768)
	return uint16(int16(min(max(n, -32768), 32767)))
}
