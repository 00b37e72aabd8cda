// Package w1 reads 1-Wire thermometers of the DS18B20 family through the files
// that Linux's w1_therm driver makes of them. It guarantees that a temperature
// is one the kernel converted in this poll and whose bytes pass the chip's
// checksum: an empty file, a failed checksum, a retained old value, a power-on
// value and a shorted line give bad readings with the reason, and a file that
// hangs holds up nothing but its own probe.
//
// Sources: the kernel's Documentation/w1/slaves/w1_therm.rst and
// drivers/w1/slaves/w1_therm.c; Maxim's DS18B20 datasheet (19-7487).
package w1
