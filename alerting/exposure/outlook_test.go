package exposure

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestWhenGoodsAreAboutToBeLost: ten days of life at 4 °C.
func TestWhenGoodsAreAboutToBeLost(t *testing.T) {
	m := Model{Name: "test", Ager: arrhenius{}, ReferenceC: 4}
	in := func(days float64) time.Time { return noon.Add(time.Duration(days * 24 * float64(time.Hour))) }
	for name, c := range map[string]struct {
		life    Life
		c       float64
		deliver time.Time
		want    []Spoils
	}{
		"fresh, for tomorrow":               {Life{Used: 0.1, UsedMax: 0.1}, 4, in(1), nil},
		"exactly the share":                 {Life{Used: 0.7, UsedMax: 0.7}, 4, time.Time{}, []Spoils{ShareUsed}},
		"the share, counting gaps":          {Life{Used: 0.6, UsedMax: 0.8}, 4, time.Time{}, []Spoils{ShareMaybeUsed}},
		"nine days are left, ten needed":    {Life{Used: 0.1, UsedMax: 0.1}, 4, in(10), []Spoils{LateForDelivery}},
		"nine days are left, nine needed":   {Life{Used: 0.1, UsedMax: 0.1}, 4, in(8.999), nil},
		"the same, but it is warm now":      {Life{Used: 0.1, UsedMax: 0.1}, 12, in(8), []Spoils{LateForDelivery}},
		"in time, but for the gaps":         {Life{Used: 0.1, UsedMax: 0.5}, 4, in(8), []Spoils{MaybeLateForDelivery}},
		"both":                              {Life{Used: 0.9, UsedMax: 1.2}, 4, in(3), []Spoils{ShareUsed, LateForDelivery}},
		"past the delivery":                 {Life{Used: 0.1, UsedMax: 0.1}, 4, in(-1), nil},
		"used up, and delivery was planned": {Life{Used: 1.5, UsedMax: 1.5}, 4, in(1), []Spoils{ShareUsed, LateForDelivery}},
	} {
		o, err := Ahead(c.life, m, noon, c.c, 0.7, c.deliver)
		if err != nil || !slices.Equal(o.Reasons, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, o.Reasons, err, c.want)
		}
		if o.RemainingDays == nil || *o.RemainingDays < 0 || *o.RemainingDaysMin > *o.RemainingDays {
			t.Errorf("%s: %v to %v days", name, show(o.RemainingDaysMin), show(o.RemainingDays))
		}
	}
	o, _ := Ahead(Life{Used: 0.1, UsedMax: 0.5}, m, noon, 4, 0.7, time.Time{})
	wantNear(t, "remaining", o.RemainingDays, 9)
	wantNear(t, "at least", o.RemainingDaysMin, 5)
}

func TestOutsideTheModelNoDaysAreTold(t *testing.T) {
	m := Model{Name: "test", Ager: arrhenius{}, ReferenceC: 4}
	o, err := Ahead(Life{Used: 0.8, UsedMax: 0.8, OutsideS: 7200}, m, noon, 30, 0.7, noon.Add(time.Hour))
	if err != nil || o.RemainingDays != nil || len(o.Notes) != 2 || !slices.Equal(o.Reasons, []Spoils{ShareUsed}) {
		t.Errorf("%+v, %v", o, err)
	}
	for _, share := range []float64{0, -1, 1.1, math.NaN()} {
		if _, err := Ahead(Life{}, m, noon, 4, share, time.Time{}); err == nil {
			t.Errorf("a share of %g was taken", share)
		}
	}
}
