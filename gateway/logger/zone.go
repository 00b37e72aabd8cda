package logger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	zoneText = regexp.MustCompile(`(?i)\b(?:gmt|utc)(?:\s?([+-])\s?(\d{1,2})(?::?(\d{2}))?)?`)
	zoneLine = regexp.MustCompile(`(?i)zone|时区|utc offset`)
)

// zoneOf finds the zone of the whole file: in the header of its times, as in
// "Date Time, GMT+08:00", or in a line above that says it is one. nil: neither
// says it. Letters such as CST are no zone.
func (t *table) zoneOf() *time.Location {
	for _, column := range []int{t.dateCol, t.clockCol} {
		if column >= 0 && column < len(t.header) {
			if z := zoneIn(t.header[column]); z != nil {
				return z
			}
		}
	}
	var found *time.Location
	for _, line := range t.above {
		if !zoneLine.MatchString(line) {
			continue
		}
		z := zoneIn(line)
		if z != nil && found != nil && z.String() != found.String() {
			return nil // they contradict each other
		}
		if z != nil {
			found = z
		}
	}
	return found
}

func zoneIn(text string) *time.Location {
	m := zoneText.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	hours, _ := strconv.Atoi(m[2]) // digits, or nothing
	minutes, _ := strconv.Atoi(m[3])
	if hours > 14 || minutes > 59 {
		return nil
	}
	if hours == 0 && minutes == 0 {
		return time.UTC
	}
	sign := 1
	if m[1] == "-" {
		sign = -1
	}
	return time.FixedZone(fmt.Sprintf("UTC%s%02d:%02d", strings.TrimSpace(m[1]), hours, minutes), sign*(hours*3600+minutes*60))
}
