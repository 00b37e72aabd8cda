package batch

import (
	"strconv"
	"testing"
)

func TestShortCodesAreUniqueAndComeBack(t *testing.T) {
	seen := map[string]bool{}
	for n := int64(1); n <= ShortEvery; n++ {
		code := Short(n)
		if seen[code] {
			t.Fatalf("%s stands for two batches", code)
		}
		seen[code] = true
		if got, ok := ShortNumber(code); !ok || got != n%ShortEvery {
			t.Fatalf("%s of batch %d is read as %d, %v", code, n, got, ok)
		}
	}
	// What the driver's page is tested with as well.
	if Short(1) != "618038" || Short(2) != "236062" || Short(99_999) != "381973" {
		t.Error("codes that are printed on labels have changed:", Short(1), Short(2), Short(99_999))
	}
	if Short(1) != Short(1+ShortEvery) {
		t.Error("codes do not come again after ShortEvery")
	}
	if Short(0) != "" || Short(-3) != "" {
		t.Error("a number that is none has a code")
	}
}

// One digit mistyped, or two neighbours changed, is never another batch.
func TestShortCodesFindSlips(t *testing.T) {
	for n := int64(1); n < ShortEvery; n += 7 {
		code := Short(n)
		for i := range code {
			for d := '0'; d <= '9'; d++ {
				if wrong := code[:i] + string(d) + code[i+1:]; wrong != code {
					if _, ok := ShortNumber(wrong); ok {
						t.Fatalf("%s for %s is not found", wrong, code)
					}
				}
			}
			if i > 0 && code[i] != code[i-1] {
				wrong := code[:i-1] + string(code[i]) + string(code[i-1]) + code[i+1:]
				if _, ok := ShortNumber(wrong); ok {
					t.Fatalf("%s for %s is not found", wrong, code)
				}
			}
		}
	}
	for _, none := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "-12345"} {
		if _, ok := ShortNumber(none); ok {
			t.Errorf("%q is read as a code", none)
		}
	}
}

func FuzzShortNumber(f *testing.F) {
	f.Add("000000")
	f.Add(Short(1))
	f.Fuzz(func(t *testing.T, code string) {
		n, ok := ShortNumber(code)
		if !ok {
			return
		}
		if n == 0 {
			n = ShortEvery
		}
		if Short(n) != code {
			t.Errorf("%s is number %s, and that is %s", code, strconv.FormatInt(n, 10), Short(n))
		}
	})
}
