package influx

import (
	"fmt"
	"slices"
	"testing"

	"coldchain/sensors"
)

func TestPlacesBecomeFewSpans(t *testing.T) {
	const hour, day = int64(3_600_000), int64(86_400_000)
	got := spans([]place{{"b", 5}, {"a", 40 * day}, {"a", hour}, {"a", 0}, {"a", 2 * hour}, {"b", 5}})
	want := []span{{"a", 0, 2 * hour}, {"a", 40 * day, 40 * day}, {"b", 5, 5}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSpansOfTheSameTimeShareAQuery(t *testing.T) {
	const hour, day = int64(3_600_000), int64(86_400_000)
	spans := []span{{"c", 30 * day, 30*day + hour}, {"a", 0, 3 * hour}, {"b", hour, 2 * hour}, {"a", 30 * day, 30 * day}}
	got := together(spans)
	if len(got) != 2 || got[0].from != 0 || got[0].to != 3*hour || got[1].to != 30*day+hour {
		t.Fatalf("got %v, want two groups a month apart", got)
	}
	if ids := got[0].points(); !slices.Equal(ids, []sensors.PointID{"a", "b"}) {
		t.Errorf("first group asks for %v", ids)
	}
	var many []span
	for i := range 250 {
		many = append(many, span{sensors.PointID(fmt.Sprint(i)), 0, 0})
	}
	if n := len(together(many)); n != 3 {
		t.Errorf("250 points make %d queries, want 3 of at most %d", n, pointsPerQuery)
	}
}
