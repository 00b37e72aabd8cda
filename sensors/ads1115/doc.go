// Package ads1115 reads TI's ADS1115 analogue-to-digital converter over I2C,
// each input through a conversion of sensors/analog. It guarantees that a value
// was converted in this poll, from the input it stands for, by a chip that kept
// its settings throughout: the chip has no checksum, so settings and result are
// read back.
//
// 16 bit, ±0.256 to ±6.144 V, four inputs or two pairs (TI's ADS111x datasheet
// SBAS444, https://www.ti.com/lit/ds/symlink/ads1115.pdf).
//
// periph's driver for it is not used: it waits out the nominal conversion time
// without asking whether the chip is done, whose clock may be 10 % slow, and
// then hands out the input converted before.
package ads1115
