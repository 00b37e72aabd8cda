package output

import (
	"errors"
	"fmt"

	"coldchain/sensors"
)

// Device is a Modbus slave of the site's configuration, with all that its
// profile offers, whether or not it is read.
type Device struct {
	Name    string
	Bus     string
	Slave   uint8
	Offers  []sensors.Quantity
	Profile string // for messages
}

// CheckApart reports outputs that lie where they could switch something else: a
// coil of a slave that offers more than plain contacts is the coil of a
// controller, perhaps its main switch; and two outputs share no coil or pin.
// It cannot know slaves that the configuration does not name.
func CheckApart(outputs []Config, devices []Device) error {
	var wrong []error
	taken := map[string]Kind{}
	for _, o := range outputs {
		place := o.place()
		if other, ok := taken[place]; ok && place != "" {
			wrong = append(wrong, fmt.Errorf("%s and %s are both on %s", other, o.Kind, place))
		}
		taken[place] = o.Kind
		if o.Coil == nil {
			continue
		}
		for _, d := range devices {
			if d.Bus == o.Coil.Bus && d.Slave == o.Coil.Slave && !contactsOnly(d.Offers) {
				wrong = append(wrong, fmt.Errorf("%s: slave %d on %s is %s (%s), which is no relay module: nothing but sirens and beacons is ever switched",
					o.Kind, d.Slave, d.Bus, d.Name, d.Profile))
			}
		}
	}
	return errors.Join(wrong...)
}

func (c Config) place() string {
	switch {
	case c.Coil != nil:
		return fmt.Sprintf("coil %d of slave %d on %s", c.Coil.Address, c.Coil.Slave, c.Coil.Bus)
	case c.Pin != nil:
		return "pin " + c.Pin.Name
	}
	return ""
}

// contactsOnly reports that a module has nothing but inputs for contacts.
func contactsOnly(offers []sensors.Quantity) bool {
	for _, q := range offers {
		switch q {
		case sensors.Door, sensors.Mains, sensors.Generator, sensors.BatteryOK:
		default:
			return false
		}
	}
	return true
}
