// Package slave gives the simulated county's devices the registers of real
// ones and serves them as Modbus TCP slaves. It guarantees that a question
// asked over the network and one asked in-process for the same simulated
// second get the same bytes, and that every answer given is told to a hook.
package slave
