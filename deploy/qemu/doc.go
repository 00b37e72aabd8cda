// Package qemu boots a Debian kernel on an emulated i.MX6 board, with a sensor
// chip that somebody else modelled on its I2C bus, and runs the edge agent
// there: make test-qemu. It guarantees that what passes here went the whole
// Linux path: static arm binary, i2c-dev, the adapter's kernel driver.
package qemu
