package w1

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Found is a thermometer that the kernel has found.
type Found struct {
	Master string // w1_bus_master1; "" when no bus claims it
	ID     string // 28-01420f1e64ff
	Family Family
}

// List returns the thermometers that the kernel knows, by bus and number. The
// error says when there is no 1-Wire bus at all.
func List(ctx context.Context, files *Files) ([]Found, error) {
	names, err := files.list(ctx, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list 1-Wire probes: %w (is the overlay w1-gpio or another 1-Wire bus enabled?)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("list 1-Wire probes: %w", err)
	}
	master := map[string]string{}
	for _, m := range names {
		if !masterName.MatchString(m) {
			continue
		}
		// One that cannot be read only leaves its probes without a bus.
		slaves, _ := files.read(ctx, m, m+"/w1_master_slaves")
		for id := range strings.FieldsSeq(string(slaves)) {
			master[id] = m
		}
	}
	var found []Found
	for _, id := range names {
		if f, ok := ParseID(id); ok {
			found = append(found, Found{master[id], id, f})
		}
	}
	slices.SortFunc(found, func(a, b Found) int { return strings.Compare(a.Master+"/"+a.ID, b.Master+"/"+b.ID) })
	return found, nil
}

func (f *Files) list(ctx context.Context, name string) ([]string, error) {
	var names []string
	_, err := f.ask(ctx, name, func() (_ []byte, err error) {
		names, err = f.tree.List(name)
		return nil, err
	})
	if err != nil {
		return nil, err // names may still be written to
	}
	return names, nil
}
