// Package modbus owns one Modbus TCP connection and asks it read questions
// (functions 1 to 4). It guarantees that the bytes returned by Read are the
// answer to that very question: an answer that came late, from another unit,
// damaged, or of another size is an error, never data.
package modbus
