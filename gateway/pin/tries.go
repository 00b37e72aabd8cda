package pin

import "time"

// free is how many wrong PINs in a row cost nothing: cold fingers.
const free = 3

// waits are what the wrong ones after those cost. The last one goes on: a
// stranger who never stops has 24 tries a day of ten thousand.
var waits = [...]time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// Wait is how long the next try has to wait after so many wrong ones in a row.
func Wait(wrong int) time.Duration {
	if wrong < free {
		return 0
	}
	return waits[min(wrong-free, len(waits)-1)]
}
