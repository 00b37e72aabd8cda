package batch

import "fmt"

// A short code is six digits that are read out, or typed with cold fingers, in
// the place of a batch's id: five of its number, scattered so that neighbours
// look different, and a check digit. Of a hundred thousand batches in a row no
// two have the same.
const (
	shortCodes = 100_000
	scatter    = 61_803 // shares no factor with shortCodes
	gather     = 46_467 // scatter * gather is 1 modulo shortCodes
)

// damm finds every single wrong digit and every two neighbours that changed
// places (H. M. Damm, Total anti-symmetrische Quasigruppen, 2004).
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9}, {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
	{3, 6, 7, 4, 2, 0, 9, 5, 8, 1}, {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5}, {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

func check(digits string) byte {
	var state byte
	for _, d := range []byte(digits) {
		state = damm[state][d-'0']
	}
	return state
}

// Short returns the code of the county's number-th batch; numbers begin at 1.
// Empty for a number that is none.
func Short(number int64) string {
	if number < 1 {
		return ""
	}
	digits := fmt.Sprintf("%05d", number%shortCodes*scatter%shortCodes)
	return digits + string(rune('0'+check(digits)))
}

// ShortNumber returns the numbers that a code may stand for, as the remainder
// after division by ShortEvery; ok is false of what is no code.
func ShortNumber(code string) (remainder int64, ok bool) {
	if len(code) != 6 {
		return 0, false
	}
	var n int64
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return 0, false
		}
		if i < 5 {
			n = n*10 + int64(code[i]-'0')
		}
	}
	return n * gather % shortCodes, check(code) == 0
}

// ShortEvery is after how many batches short codes come again.
const ShortEvery = shortCodes
