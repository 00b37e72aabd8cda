package i2cchip

import (
	"encoding/binary"

	"coldchain/sensors"
)

// CRC8 is the checksum of Sensirion's, TI's and Aosong's humidity chips:
// polynomial 0x31, initial value 0xFF, nothing reflected, no final XOR. BE EF
// gives 92 (Sensirion's SHT3x-DIS datasheet, section 4.12 table 20).
func CRC8(data []byte) byte { return crc8(0xFF, data) }

// CRC8Zero is the same polynomial from 0, as Silicon Labs' Si70xx and HTU21
// have it. DC gives 79 (HTU21D datasheet, "CRC checksum").
func CRC8Zero(data []byte) byte { return crc8(0, data) }

func crc8(c byte, data []byte) byte {
	for _, b := range data {
		c ^= b
		for range 8 {
			if c&0x80 != 0 {
				c = c<<1 ^ 0x31
			} else {
				c <<= 1
			}
		}
	}
	return c
}

// Words takes big-endian 16-bit words apart of which each is followed by its
// CRC8. One wrong checksum spoils them all.
func Words(b []byte) ([]uint16, error) {
	if len(b)%3 != 0 {
		return nil, Faultf(sensors.ShortRead, "%d bytes are no words with a checksum each", len(b))
	}
	words := make([]uint16, 0, len(b)/3)
	for ; len(b) > 0; b = b[3:] {
		if got := CRC8(b[:2]); got != b[2] {
			return nil, Faultf(sensors.CRCError, "word %02x%02x has checksum %02x, want %02x", b[0], b[1], b[2], got)
		}
		words = append(words, binary.BigEndian.Uint16(b))
	}
	return words, nil
}
