package exposure

import (
	"fmt"
	"time"
)

// Spoils is why goods are about to be lost to age.
type Spoils string

// The reasons. One of the share may hold together with one of the delivery.
const (
	// ShareUsed: more of the life is used than the profile allows before
	// somebody is told.
	ShareUsed Spoils = "share-used"
	// ShareMaybeUsed: only if the gaps are counted.
	ShareMaybeUsed Spoils = "share-maybe-used"
	// LateForDelivery: at the present temperature the life ends before the day
	// of delivery.
	LateForDelivery Spoils = "late-for-delivery"
	// MaybeLateForDelivery: only if the gaps are counted.
	MaybeLateForDelivery Spoils = "maybe-late-for-delivery"
)

// Outlook is what becomes of goods that stay as warm as they are now.
type Outlook struct {
	At       time.Time `json:"at"`
	PresentC float64   `json:"present_c"`
	// RemainingDays is what is left at PresentC, at least 0; RemainingDaysMin
	// counts the gaps against it. Both are nil when the model says nothing of
	// that temperature, or nothing ages there.
	RemainingDays    *float64 `json:"remaining_days"`
	RemainingDaysMin *float64 `json:"remaining_days_min"`
	// Deliver is the day it is to reach; zero when nobody said.
	Deliver time.Time `json:"deliver,omitzero"`
	Reasons []Spoils  `json:"reasons,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
}

// Ahead looks ahead for goods with a life used so far. share is the part of
// their life, above 0 and up to 1, after which somebody is told; deliver is
// when they are to be delivered, zero: nobody said. What is worked out from a
// life that the model could not follow is told with that note, and never less
// alarming for it.
func Ahead(l Life, m Model, now time.Time, presentC, share float64, deliver time.Time) (Outlook, error) {
	if !(share > 0 && share <= 1) {
		return Outlook{}, fmt.Errorf("a share of %g of the life: want above 0 and at most 1", share)
	}
	o := Outlook{At: now.UTC(), PresentC: presentC, Deliver: deliver.UTC()}
	switch {
	case l.Used >= share:
		o.Reasons = append(o.Reasons, ShareUsed)
	case l.UsedMax >= share:
		o.Reasons = append(o.Reasons, ShareMaybeUsed)
	}
	if l.OutsideS > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%.1f h were outside the model's range and are not counted", l.OutsideS/3600))
	}
	rate, err := m.Rate(presentC)
	switch {
	case err != nil:
		o.Notes = append(o.Notes, fmt.Sprintf("nothing is said of the remaining days: %v", err))
		return o, nil
	case !(rate > 0):
		return o, nil
	}
	left := func(used float64) *float64 {
		days := max(0, 1-used) / rate / 24
		return &days
	}
	o.RemainingDays, o.RemainingDaysMin = left(l.Used), left(max(l.Used, l.UsedMax))
	if deliver.IsZero() {
		return o, nil
	}
	switch until := deliver.Sub(now).Hours() / 24; {
	case *o.RemainingDays < until:
		o.Reasons = append(o.Reasons, LateForDelivery)
	case *o.RemainingDaysMin < until:
		o.Reasons = append(o.Reasons, MaybeLateForDelivery)
	}
	return o, nil
}
