package wire

import (
	"testing"
	"time"
)

func TestAGapIsToldByItsPartsAndByNothingLess(t *testing.T) {
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	gap := func(from, to int, count uint64) Gap {
		return Gap{Scope: "gw", Cause: "restart", From: noon.Add(time.Duration(from) * time.Minute), To: noon.Add(time.Duration(to) * time.Minute), Count: count}
	}
	point := gap(0, 10, 5)
	point.Scope = "balagong/mutton/air"
	disk := gap(0, 10, 5)
	disk.Cause = "disk-limit"
	for _, k := range []struct {
		name   string
		before []Gap
		want   bool
	}{
		{"nothing is known", nil, false},
		{"the same", []Gap{gap(0, 10, 5)}, true},
		{"its parts", []Gap{gap(0, 4, 2), gap(3, 7, 1), gap(7, 10, 2)}, true},
		{"one part within another", []Gap{gap(0, 9, 5), gap(1, 2, 0), gap(9, 10, 0)}, true},
		{"a hole between its parts", []Gap{gap(0, 4, 5), gap(5, 10, 5)}, false},
		{"its beginning is missing", []Gap{gap(1, 10, 5)}, false},
		{"its end is missing", []Gap{gap(0, 9, 5)}, false},
		{"fewer readings are known to be gone", []Gap{gap(0, 10, 4)}, false},
		{"a longer one, of which nobody knows where its readings were", []Gap{gap(-1, 11, 50)}, false},
		{"of another point", []Gap{point}, false},
		{"of another cause", []Gap{disk}, false},
	} {
		if got := gap(0, 10, 5).ToldBy(k.before); got != k.want {
			t.Errorf("%s: %v", k.name, got)
		}
	}
	if moment := gap(3, 3, 0); !moment.ToldBy([]Gap{moment}) || moment.ToldBy([]Gap{gap(0, 10, 0)}) {
		t.Error("a gap without a length is told by itself alone")
	}
}
