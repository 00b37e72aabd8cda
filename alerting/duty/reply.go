package duty

import "strings"

// Reply says what somebody means who writes back; ok is false where it is no
// answer.
func Reply(text string) (a Answer, ok bool) {
	switch strings.TrimSpace(text) {
	case "1", "１", "知道了":
		return Acknowledged, true
	case "2", "２", "在路上":
		return OnTheWay, true
	}
	return "", false
}
