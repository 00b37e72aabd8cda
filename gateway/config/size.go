package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Size is a number of bytes. In a file it is a whole number, or one with a
// unit: 512MiB, 2GiB (1024) or 500MB (1000).
type Size int64

var (
	sizeType  = reflect.TypeFor[Size]()
	sizeForm  = regexp.MustCompile(`^([0-9]{1,19})\s*([A-Za-z]*)$`)
	sizeUnits = map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}
)

func parseSize(s string) (b Size, what, want string) {
	const example = "write for example 512MiB or 2GiB"
	m := sizeForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, fmt.Sprintf("%.20q is not a number of bytes", s), example
	}
	unit, known := sizeUnits[strings.ToLower(m[2])]
	if !known {
		return 0, fmt.Sprintf("%.20q has a unit that is not known", s), example
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Sprintf("%.20s is out of range", s), example
	}
	return Size(n * unit), "", ""
}

// String writes the size with the largest unit that leaves it whole.
func (b Size) String() string {
	for _, u := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if factor := Size(sizeUnits[strings.ToLower(u)]); b != 0 && b%factor == 0 {
			return fmt.Sprintf("%d%s", b/factor, u)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

// sized accepts lowest <= b <= highest.
func (r *report) sized(p place, b, lowest, highest Size) bool {
	if b >= lowest && b <= highest {
		return true
	}
	r.bad(p, fmt.Sprintf("want %s to %s", lowest, highest), "%s %s is out of range", p, b)
	return false
}
