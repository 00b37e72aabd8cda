package install

import (
	"bytes"
	"time"

	"coldchain/sensors/i2cchip"
)

// kinds lists what is known, in the order of asking. Each names the place in
// the datasheet that its question comes from.
func kinds() []kind {
	return []kind{
		{0x18, 0x1F, mcp9808},
		{0x38, 0x38, aht20},
		{0x40, 0x43, hdc1080},
		{0x40, 0x40, si7021},
		{0x44, 0x47, hdc302x},
		{0x44, 0x45, sht3x},
		{0x44, 0x46, sht4x},
		{0x48, 0x4B, tmp117},
		{0x48, 0x4B, ads1115},
		{0x48, 0x4F, tmp10x},
		{0x68, 0x68, ds3231},
		{0x76, 0x77, bme280},
		{0x70, 0x77, pca9548},
	}
}

// MCP9808: manufacturer 0x0054 in register 6, device 0x04 in the high byte of
// register 7 (Microchip DS25095, sections 5.2.4 and 5.2.5).
func mcp9808(p *prober) (Chip, bool) {
	maker, ok := p.word(0x06)
	device, ok2 := p.word(0x07)
	if !ok || !ok2 || maker != 0x0054 || device>>8 != 0x04 {
		return Chip{}, false
	}
	return identified("mcp9808", "温度", "temperature")
}

// AHT20: has no identity. Its status byte, which any read gives, has bits 3
// and 4 set once it is calibrated (Aosong AHT20, section 5.3). Nothing is
// written here: a PCF8574A at this address would switch its outputs.
func aht20(p *prober) (Chip, bool) {
	b := p.read(1)
	if b == nil {
		return Chip{}, false
	}
	if b[0]&0x18 == 0x18 && b[0] != 0xFF {
		return Chip{Drivers: []string{"aht20"}, Note: Text{"像 AHT20（无识别码；也可能是 PCF8574A 扩展口）", "looks like an AHT20 (it has no identity; a PCF8574A port expander can be here too)"}}, true
	}
	return Chip{Drivers: []string{}, Note: Text{"像 PCF8574A 扩展口，或未校准的 AHT20", "looks like a PCF8574A port expander, or an AHT20 that is not calibrated"}}, true
}

// HDC1080 class: maker "TI" in register FE, device 0x1050 in FF; the HDC1010
// family on 0x40 to 0x43 has 0x1000 (TI SNAS672, section 8.6).
func hdc1080(p *prober) (Chip, bool) {
	maker, ok := p.word(0xFE)
	device, ok2 := p.word(0xFF)
	if !ok || !ok2 || maker != 0x5449 || device != 0x1050 && device != 0x1000 {
		return Chip{}, false
	}
	return identified("hdc1080", "温湿度", "temperature and humidity")
}

// SI7021 and HTU21: user register E7 with its reserved bits at their fixed
// values, then the second half of the electronic identity (Silicon Labs
// Si7021-A20, sections 5.5 and 6.1). The identity is asked for only then: a
// PWM chip at this address would take it for a setting.
func si7021(p *prober) (Chip, bool) {
	user := p.read(1, 0xE7)
	if user == nil || user[0]&0x3A != 0x3A && user[0] != 0x02 {
		return Chip{}, false
	}
	id := p.read(1, 0xFC, 0xC9)
	if id == nil {
		return Chip{}, false
	}
	switch id[0] {
	case 0x15, 0x14, 0x0D:
		return identified("si7021", "温湿度（Si70xx）", "temperature and humidity (Si70xx)")
	case 0x32:
		return identified("si7021", "温湿度（HTU21D）", "temperature and humidity (HTU21D)")
	}
	return Chip{}, false
}

// HDC302x: "read manufacturer ID" gives 0x3000 (TI SNAS846, command table).
// It is asked before the SHT3x, whose status question it understands.
func hdc302x(p *prober) (Chip, bool) {
	if w, ok := p.checked(1, 0x37, 0x81); !ok || w[0] != 0x3000 {
		return Chip{}, false
	}
	return identified("hdc302x", "温湿度", "temperature and humidity")
}

// SHT3x: the status register with its checksum (Sensirion SHT3x-DIS, section
// 4.11). Identified by a right checksum.
func sht3x(p *prober) (Chip, bool) {
	if _, ok := p.checked(1, 0xF3, 0x2D); !ok {
		return Chip{}, false
	}
	return identified("sht3x", "温湿度（SHT30/31/35）", "temperature and humidity (SHT30/31/35)")
}

// SHT4x: the serial number with its two checksums (Sensirion SHT4x, section
// 4.5). It wants its time between question and answer.
func sht4x(p *prober) (Chip, bool) {
	b := p.after(10*time.Millisecond, 6, 0x89)
	if b == nil {
		return Chip{}, false
	}
	if _, err := i2cchip.Words(b); err != nil {
		return Chip{}, false
	}
	return identified("sht4x", "温湿度（SHT40/41/45）", "temperature and humidity (SHT40/41/45)")
}

// checked reads n words, each with its checksum. A bus whose data line is
// stuck gives all ones or all zeros, never a right checksum over both.
func (p *prober) checked(n int, command ...byte) ([]uint16, bool) {
	b := p.read(3*n, command...)
	if b == nil {
		return nil, false
	}
	w, err := i2cchip.Words(b)
	return w, err == nil
}

// TMP117: device 0x117 in the low 12 bits of register 0F (TI SNOSD82, section
// 7.6.1.12).
func tmp117(p *prober) (Chip, bool) {
	if id, ok := p.word(0x0F); !ok || id&0x0FFF != 0x0117 {
		return Chip{}, false
	}
	return identified("tmp117", "温度", "temperature")
}

// ADS1115: has no identity; its threshold registers hold 0x8000 and 0x7FFF
// unless its comparator is used (TI SBAS444, section 8.1.4), which as limits of
// a thermometer would be −128 and 127.9 °C.
func ads1115(p *prober) (Chip, bool) {
	low, ok := p.word(0x02)
	high, ok2 := p.word(0x03)
	if !ok || !ok2 || low != 0x8000 || high != 0x7FFF {
		return Chip{}, false
	}
	return Chip{Drivers: []string{"ads1115"}, Note: Text{"像 ADS1115 模数转换器（无识别码）：接了什么由安装人填写", "looks like an ADS1115 converter (it has no identity): what is wired to it only you know"}}, true
}

// TMP102, TMP105, LM75 and their kin have no identity. A TMP102 has its
// resolution bits fixed at 11 in a configuration of 16 bits (TI SBOS397,
// section 6.5.3); the others have one byte.
func tmp10x(p *prober) (Chip, bool) {
	t, ok := p.word(0x00)
	config, ok2 := p.word(0x01)
	if !ok || !ok2 || t&0x000F != 0 {
		return Chip{}, false
	}
	note := Text{"LM75 类温度芯片（无识别码）：请看芯片上的字", "a thermometer of the LM75 class (it has no identity): read what is printed on it"}
	drivers := []string{"tmp105", "tmp102"}
	if config&0x600F == 0x6000 && config&0x00F0 != 0 {
		drivers = []string{"tmp102", "tmp105"}
	}
	return Chip{Drivers: drivers, Note: note}, true
}

// DS3231 has no identity; the two lowest bits of its temperature's low byte do
// not exist below the quarter degree, and its clock counts in decimal digits
// (Maxim DS3231, figure 1).
func ds3231(p *prober) (Chip, bool) {
	b := p.read(19, 0x00)
	if b == nil {
		return Chip{}, false
	}
	_, seconds := digits(uint16(b[0] & 0x7F))
	_, minutes := digits(uint16(b[1] & 0x7F))
	if !seconds || !minutes || b[0]>>4 > 5 || b[1]>>4 > 5 || b[18]&0x3F != 0 {
		return Chip{Drivers: []string{}, Note: Text{"有应答，不像 DS3231 时钟", "something answers that does not look like a DS3231 clock"}}, true
	}
	return Chip{Drivers: []string{"ds3231"}, Note: Text{"像 DS3231 时钟（无识别码），不是传感器", "looks like a DS3231 clock (it has no identity), not a sensor"}}, true
}

// BME280: chip id 0x60 in register D0; 0x58 is a BMP280, which has no humidity
// (Bosch BST-BME280-DS002, section 5.4.1). A PCA9548 at the same address takes
// the register's number for its channels, so its choice is put back.
func bme280(p *prober) (Chip, bool) {
	before := p.read(1)
	id := p.read(1, 0xD0)
	if id == nil {
		return Chip{}, false
	}
	switch id[0] {
	case 0x60:
		return identified("bme280", "温湿度、气压", "temperature, humidity and pressure")
	case 0x58:
		return Chip{Drivers: []string{}, Identified: true, Note: Text{"BMP280：只有温度和气压，不支持", "a BMP280: no humidity; it is not supported"}}, true
	case 0xD0:
		if before != nil {
			_ = p.bus.Tx(p.addr, before, nil) // nothing better can be done about a failure
		}
	}
	return Chip{}, false
}

// PCA9548: has no identity; every read gives the channels that are switched
// through, however many bytes are read (NXP PCA9548A, section 7.5).
func pca9548(p *prober) (Chip, bool) {
	b := p.read(4)
	if b == nil || !bytes.Equal(b, bytes.Repeat(b[:1], 4)) {
		return Chip{}, false
	}
	return Chip{Drivers: []string{"pca9548"}, Note: Text{"像 PCA9548 多路开关（无识别码）；查其后的芯片用 --mux", "looks like a PCA9548 multiplexer (it has no identity); look behind it with --mux"}}, true
}
