package wire

import (
	"testing"

	"coldchain/sensors"
)

// A foreign sender has names of its own: they stand for points, and what is
// not in the list is refused without touching its neighbours.
func TestForeignNamesStandForPoints(t *testing.T) {
	lim := DefaultLimits()
	lim.Anonymous, lim.Names = true, map[string]sensors.PointID{"urn:dev:mac:0024befffe804ff1:temp": "a/b/air"}
	pack, rejected, err := DecodePack([]byte(`[
		{"bn":"urn:dev:mac:0024befffe804ff1:","bt":1767582000,"n":"temp","u":"Cel","v":-18.5},
		{"n":"hum","u":"%RH","v":80},
		{"bn":"","n":"a/b/air","u":"Cel","v":1}]`), lim)
	if err != nil {
		t.Fatal(err)
	}
	if len(pack.Records) != 1 || pack.Records[0].Reading.Point != "a/b/air" || pack.Records[0].Reading.Time.Unix() != 1767582000 {
		t.Errorf("decoded %+v", pack.Records)
	}
	if len(rejected) != 2 || rejected[0].Reason != UnknownPoint || rejected[1].Reason != UnknownPoint || rejected[0].HasSeq {
		t.Errorf("rejected %+v; want two unknown points, also one named like a point of ours", rejected)
	}
}
