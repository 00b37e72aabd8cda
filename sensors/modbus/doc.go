// Package modbus reads any Modbus device that a declarative YAML profile
// describes: it turns registers and bits into readings. It guarantees that a
// good reading's value is exactly the register's number times the profile's
// decimal scale, rounded once to a float64, and that a question which failed,
// a sentinel or a value outside the valid range yields no value at all.
package modbus
