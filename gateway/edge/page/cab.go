package page

// cabView is the display that is fixed in the cab: the box in digits that are
// read while driving, what is wrong, and the one button. It is the truck's page
// without what nobody reads there.
func (v view) cabView() node {
	v.inCab = true
	return all(
		v.sirenView(),
		v.healthView(),
		each(v.s.Alarms, v.alarmView),
		v.boxView(zonesOf(v.s)),
		v.truckView(),
		v.loadView(),
		v.linkView(),
	)
}

// boxView is the box of a truck, in the largest digits, before what the driver
// presses.
func (v view) boxView(zones []zone) node {
	return each(zones, func(z zone) node {
		if !v.isBox(z) {
			return nil
		}
		return v.card(z, 1)
	})
}

func (v view) isBox(z zone) bool { return v.truck != nil && z.id == v.truck.Box }

// It is night when a bright display blinds whoever drives: by the site's clock, in
// hours of the day.
const (
	nightFrom = 19
	nightTo   = 7
)

// look is how the whole page looks: a cab's display is dark at night, whatever
// the device would have. A clock that nobody believes makes it dark as well.
func (v view) look(t tab) attrs {
	if !t.cab {
		return nil
	}
	if h := v.s.Now.In(v.place).Hour(); h >= nightFrom || h < nightTo || v.s.Clock == "none" {
		return attrs{"data-look", "cab night"}
	}
	return attrs{"data-look", "cab"}
}
