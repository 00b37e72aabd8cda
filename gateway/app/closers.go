package app

import (
	"errors"
	"fmt"
)

// Closers undoes what a composition root has set up, last first. A root that
// fails half-way closes what it has opened through the same list.
type Closers struct{ list []closer }

type closer struct {
	name  string
	close func() error
}

// Add notes how to undo a step, under a name for the error.
func (c *Closers) Add(name string, close func() error) {
	c.list = append(c.list, closer{name, close})
}

// Close undoes all steps, last first, and returns every error. Doing it again
// does nothing.
func (c *Closers) Close() error {
	var errs []error
	for i := len(c.list) - 1; i >= 0; i-- {
		if err := c.list[i].close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", c.list[i].name, err))
		}
	}
	c.list = nil
	return errors.Join(errs...)
}
