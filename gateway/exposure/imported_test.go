package exposure

import (
	"fmt"
	"testing"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/sensors"
)

// logged is a log of one value each ten minutes of from..to, both in minutes and
// inclusive.
func logged(number, from, to int, c float64) Log {
	l := Log{LoggerFile: batch.LoggerFile{Number: number, File: fmt.Sprint("file-", number), Sum: fmt.Sprint(c, from, to), From: at(from), To: at(to), Method: "air", IntervalS: 600, By: "其其格"}}
	for m := from; m <= to; m += 10 {
		l.Values = append(l.Values, batch.LoggerValue{At: at(m), C: &c})
	}
	return l
}

// TestAReturnedLoggerSpeaksOfWhatNothingWatched: in a village shop and on a
// courier's way, and what was measured stays as it was.
func TestAReturnedLoggerSpeaksOfWhatNothingWatched(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", -5, 60, 2)
	lot := Lot{Code: "B", Profile: "mutton-chilled", Stays: []Stay{
		{Zone: "s/room", From: at(0), To: at(60)}, {Zone: "渡口小卖部", Kind: exposure.Unmonitored, From: at(60), To: at(180)},
	}}
	r.county.lots["B"] = lot
	before := r.exposure("B", at(400))
	lot.Logs = []Log{logged(1, 30, 120, 5), logged(2, 180, 300, 12)}
	r.county.lots["B"] = lot
	b := r.exposure("B", at(401))
	if before.Version != 1 || b.Version != 2 {
		t.Errorf("versions %d and %d: a log that is attached makes the next one", before.Version, b.Version)
	}
	if len(before.Intervals) != 2 || len(b.Intervals) != 3 {
		t.Fatalf("%d and %d intervals", len(before.Intervals), len(b.Intervals))
	}
	if a, z := before.Total, b.Total; a.Coverage != z.Coverage || a.Points != z.Points || *a.MaxC != *z.MaxC || z.Above.Seconds != 0 || b.Life.Used != before.Life.Used {
		t.Errorf("what was measured changed: %+v and %+v", a, z)
	}
	room, shop, way := b.Intervals[0], b.Intervals[1], b.Intervals[2]
	if room.ImportedS != 0 || len(room.Imported) != 1 || room.Imported[0].Summary.Points != 3 {
		t.Errorf("where all was measured a log bounds nothing: %+v", room.Imported)
	}
	if x := room.Imported[0].Beside; x == nil || x.Points != 3 || x.Apart != 3 || x.FarthestC != 3 || !x.FarthestAt.Equal(at(30)) {
		t.Errorf("a log that contradicts: %+v", x)
	}
	if len(shop.Imported) != 1 || shop.Imported[0].Summary.Points != 7 || shop.Imported[0].Beside != nil || *shop.Imported[0].Summary.MaxC != 5 || shop.ImportedS < 3600 || shop.ImportedS > 3601 {
		t.Errorf("%+v", shop)
	}
	if way.Kind != exposure.Unmonitored || way.Zone != "" || !way.From.Equal(at(180)) || len(way.Imported) != 1 || way.Imported[0].Number != 2 || *way.Imported[0].Summary.MinC != 12 || way.Imported[0].Life == nil {
		t.Errorf("%+v", way)
	}
	x := b.Imported
	if x == nil || x.Points != 10+13 || *x.MinC != 5 || *x.MaxC != 12 || x.Apart != 3 || x.AboveS < 3*3600+1800 || x.Seconds != shop.ImportedS+way.ImportedS {
		t.Errorf("%+v", x)
	}
	if !b.MonitoredUntil.Equal(at(60)) {
		t.Errorf("monitored until %s", b.MonitoredUntil)
	}
	if again := r.exposure("B", at(402)); again.Version != 2 {
		t.Errorf("time going on made version %d", again.Version)
	}
}

func TestALoggersFileInAGapBoundsItAlone(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 30, 2)
	r.write(sensors.Temperature, sensors.NewBad("s/room/air", at(30), sensors.Reason("no-answer")))
	r.minutes("s/room/air", 90, 120, 2)
	log := logged(1, 0, 110, 2.5)
	log.Values[4].C = nil // minute 40: the logger had none
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(120)}}, Logs: []Log{log}}
	b := r.exposure("B", at(130))
	stay := b.Intervals[0]
	if b.Total.Coverage != 0.5 || len(b.Total.Gaps) != 1 || b.Total.Gaps[0].Seconds != 3600 {
		t.Fatalf("%+v", b.Total)
	}
	if stay.ImportedS != 3000 || len(stay.Imported[0].Summary.Gaps) != 1 || stay.Imported[0].Summary.Gaps[0].Cause != "no-value" {
		t.Errorf("bounds %g s of the hour; ten minutes are the log's own gap: %+v", stay.ImportedS, stay.Imported[0].Summary.Gaps)
	}
	if x := stay.Imported[0].Beside; x.Points != 6 || x.Apart != 0 {
		t.Errorf("compared where both speak: %+v", x)
	}
}

// TestAPartHasWhatTheLoggerOfTheWholeSaid up to where they parted.
func TestAPartHasWhatTheLoggerOfTheWholeSaid(t *testing.T) {
	r := newRig(t)
	r.county.lots["A"] = Lot{Code: "A", Stays: []Stay{{Zone: "渡口", Kind: exposure.Unmonitored, From: at(0)}}, Logs: []Log{logged(1, 0, 600, 9)}}
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "v/shop", From: at(60)}}, Parents: []batch.Link{{Parent: "A", Child: "B", Relation: batch.Split, At: at(60)}}}
	b := r.exposure("B", at(700))
	if b.Imported == nil || b.Imported.Seconds != 3600 || b.Intervals[0].Imported[0].Batch != "A" || !b.Intervals[0].Imported[0].Summary.End.Equal(at(60)) {
		t.Errorf("%+v", b.Imported)
	}
}
