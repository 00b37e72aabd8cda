// Package modbus owns one Modbus line - TCP, RTU on a serial port, or RTU
// behind a serial server - and asks it read questions (functions 1 to 4), one
// at a time; SetOutput alone writes, one coil. It guarantees that the bytes
// returned by Read are the answer to that very question: an answer that came
// late, from another slave, damaged, or of another size is an error, never
// data. RTU answers carry no number, so there "late" has a limit: see
// RTUOptions.LateWindow and DESIGN.md.
package modbus
