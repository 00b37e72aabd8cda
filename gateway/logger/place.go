package logger

import (
	"fmt"
	"slices"
	"time"
)

// place gives every row its moment, and returns them in order of time. said is
// the zone of the whole file, asked the one that was asked for; each may be nil.
func place(rows []row, log *Log, said, asked *time.Location) ([]row, error) {
	withOffset := 0
	for _, r := range rows {
		if r.stamp.hasZone {
			withOffset++
		}
	}
	if withOffset > 0 && withOffset < len(rows) {
		return nil, fmt.Errorf("some lines say how far their clock is from Greenwich and some, as line %d, do not", firstWithout(rows))
	}
	log.Zoned = withOffset > 0 || said != nil
	zone := time.UTC
	switch {
	case said != nil:
		zone = said
	case asked != nil:
		zone = asked
	}
	newestFirst := len(rows) > 1 && descending(rows, log.Dates) && !ascending(rows, log.Dates)
	if newestFirst {
		slices.Reverse(rows)
		log.Notes = append(log.Notes, Note{"文件中最新的读数在最前", "the file has the newest reading first"})
	}
	kept := rows[:0]
	for _, r := range rows {
		moments := r.stamp.in(log.Dates, zone)
		if len(moments) == 0 {
			return nil, fmt.Errorf("line %d: no clock in %s showed that time: it was put forward then, or the zone is another", r.line, zone)
		}
		if len(kept) == 0 {
			r.at = moments[0]
			kept = append(kept, r)
			continue
		}
		last := kept[len(kept)-1]
		i := slices.IndexFunc(moments, func(m time.Time) bool { return m.After(last.at) }) // the hour that comes twice
		switch {
		case i >= 0:
			r.at = moments[i]
		case moments[0].Equal(last.at) && r.missing == last.missing && r.c == last.c:
			continue // written twice
		case moments[0].Equal(last.at):
			return nil, fmt.Errorf("lines %d and %d have the same time and different values", min(last.line, r.line), max(last.line, r.line))
		default:
			return nil, fmt.Errorf("line %d: time runs back, by %s: the logger's clock was set, or two logs are in one file", r.line, last.at.Sub(moments[len(moments)-1]))
		}
		kept = append(kept, r)
	}
	return kept, nil
}

func firstWithout(rows []row) int {
	for _, r := range rows {
		if !r.stamp.hasZone {
			return r.line
		}
	}
	return 0
}
