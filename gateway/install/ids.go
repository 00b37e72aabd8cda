package install

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The slave numbers of Modbus over Serial Line V1.02, section 2.2.
const (
	lowestSlave  = 1
	highestSlave = 247
)

// ParseIDs reads slave numbers such as "1-20,33": single ones and ranges
// between 1 and 247, each once and in order.
func ParseIDs(s string) ([]uint8, error) {
	var ids []uint8
	for _, part := range strings.Split(s, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		low, err := slaveNumber(from)
		if err != nil {
			return nil, fmt.Errorf("slave numbers %q: %w", s, err)
		}
		high := low
		if isRange {
			if high, err = slaveNumber(to); err != nil {
				return nil, fmt.Errorf("slave numbers %q: %w", s, err)
			}
		}
		if high < low {
			return nil, fmt.Errorf("slave numbers %q: %d-%d runs backwards", s, low, high)
		}
		for id := int(low); id <= int(high); id++ {
			ids = append(ids, uint8(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// FormatIDs is the inverse of ParseIDs for numbers in order: 1-4,33.
func FormatIDs(ids []uint8) string {
	var parts []string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		part := strconv.Itoa(int(ids[i]))
		if j > i {
			part += "-" + strconv.Itoa(int(ids[j]))
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func slaveNumber(s string) (uint8, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 8)
	if err != nil || n < lowestSlave || n > highestSlave {
		return 0, fmt.Errorf("%q is not a number between 1 and 247; want e.g. 1-20,33", s)
	}
	return uint8(n), nil
}

// ParseRegisters reads a range of register addresses such as "0-63" or
// "0x100-0x13f", at most 1000 of them.
func ParseRegisters(s string) (from, to uint16, err error) {
	low, high, isRange := strings.Cut(s, "-")
	if !isRange {
		high = low
	}
	a, errA := strconv.ParseUint(strings.TrimSpace(low), 0, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(high), 0, 16)
	if errA != nil || errB != nil || b < a || b-a >= 1000 {
		return 0, 0, fmt.Errorf("registers %q: want a range of at most 1000 such as 0-63 or 0x100-0x13f", s)
	}
	return uint16(a), uint16(b), nil
}
