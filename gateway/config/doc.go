// Package config reads what people write: one strict YAML file for an edge
// agent and one for the county. It guarantees that a file with a mistake is
// refused with one line for each mistake, naming file, line, what is wrong and
// what would be right, and that no secret's text ever appears in a message.
package config
