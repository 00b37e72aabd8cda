// Package qemu boots a Debian kernel on an emulated i.MX6 board and runs the
// edge agent there: make test-qemu. It guarantees that what passes here went
// the whole Linux path.
//
// The chip: a sensor that somebody else modelled on the board's I2C bus is read
// by the static arm binary through i2c-dev and the adapter's kernel driver.
//
// The power: the journal lies in an ext4 file system on a USB stick whose
// contents this test serves (NBD). The emulator is killed at a seeded moment,
// so that the guest's memory is gone, and of what the stick was told and not
// made to flush any part may be gone too, a write halfway through included.
// Then its image is looked at as a dead box's card would be: file system log
// replayed, journal verified, every record against what the board had said.
//
// Not shown: flash that wears out, loses what it had long stored, or calls a
// flush done that is not. Nor is an SD card's way (its driver has no flush:
// what it took is safe); the agent sees the same file system on either.
//
//	POWER_ROUNDS=20  how often (make test-qemu ROUNDS=20)
//	POWER_SEED=1     which moments
//	POWER_DISK=lies  flushes do nothing: the test must fail
package qemu
