package web

import (
	"fmt"
	"testing"
	"time"
)

func TestRatesGrowAgainWithTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	q := quota{"test", 60, time.Minute}
	var r rates
	for i := range 60 {
		left, _, ok := r.take("a", q, now)
		if !ok || left != 59-i {
			t.Fatalf("request %d: %v, %d left", i, ok, left)
		}
	}
	if left, until, ok := r.take("a", q, now); ok || left != 0 || until != time.Second {
		t.Errorf("one too many: %v %d %s", ok, left, until)
	}
	if _, _, ok := r.take("b", q, now); !ok {
		t.Error("another is held up")
	}
	if _, _, ok := r.take("a", q, now.Add(time.Second)); !ok {
		t.Error("a second later there is one again")
	}
	if _, _, ok := r.take("a", q, now.Add(time.Second)); ok {
		t.Error("and no more")
	}
	if _, _, ok := r.take("a", q, now.Add(-time.Hour)); ok {
		t.Error("a clock that went back gives some")
	}
	if left, _, ok := r.take("a", q, now.Add(time.Hour)); !ok || left != 59 {
		t.Errorf("an hour later: %d", left)
	}
}

func TestRatesAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var r rates
	for i := range 3 * mostBuckets {
		at := now
		if i%2 == 0 {
			at = at.Add(time.Duration(i) * time.Millisecond)
		}
		r.take(fmt.Sprint(i), insideQuota, at)
		if len(r.buckets) > mostBuckets {
			t.Fatalf("%d are kept", len(r.buckets))
		}
	}
	if _, kept := r.buckets[fmt.Sprint(3*mostBuckets-1)]; !kept {
		t.Error("the newest was forgotten")
	}
}
