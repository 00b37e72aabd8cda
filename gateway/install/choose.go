package install

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"coldchain/sensors"
)

// Chooser turns a scan into a draft, with the installer's choice or, where
// Terminal is nil, the best match of each device.
type Chooser struct {
	Terminal              *Terminal
	Language              Language
	County, Site, Gateway string
	Zone                  string // proposed for every device
}

// Draft asks what each device is and where it hangs. A device that is not
// known and not chosen is left out and named in a comment.
func (c Chooser) Draft(ctx context.Context, s Scan) (Draft, error) {
	d := Draft{County: c.County, Site: c.Site, Gateway: c.Gateway, Key: s.Key, Value: s.Value}
	taken := map[string]bool{}
	for i, line := range s.Lines {
		if i > 0 { // one port has one setting at a time
			for _, one := range line.Slaves {
				d.LeftOut = append(d.LeftOut, fmt.Sprintf("slave %d answers at %s: a line has one setting", one.ID, line.Setting))
			}
			continue
		}
		d.Setting = line.Setting
		for _, one := range line.Slaves {
			if err := c.slave(ctx, &d, one, taken); err != nil {
				return d, err
			}
		}
	}
	for _, one := range s.Chips {
		if err := c.chip(ctx, &d, one, taken); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (c Chooser) slave(ctx context.Context, d *Draft, s Slave, taken map[string]bool) error {
	device := DraftDevice{Name: fmt.Sprintf("slave-%d", s.ID), Slave: s.ID, Zone: c.Zone, Points: map[string]string{}}
	best, known := s.Known()
	choice, ok, err := c.pick(ctx, s, known)
	if err != nil {
		return err
	}
	if !ok {
		text := fmt.Sprintf("slave %d answers and was left out", s.ID)
		if !known {
			text = fmt.Sprintf("slave %d answers; no profile fits", s.ID)
		}
		d.LeftOut = append(d.LeftOut, text)
		return nil
	}
	switch {
	case choice.own != nil:
		device.Own = &OwnProfile{Name: fmt.Sprintf("%s-slave-%d", c.Site, s.ID), Channels: choice.own}
		device.Comment = "the registers were chosen on site: compare with a thermometer"
	default:
		best = s.Candidates[choice.candidate]
		device.Profile = best.Profile
		device.Comment = doubt(s, best)
	}
	if device.Zone, err = c.zone(ctx); err != nil {
		return err
	}
	if device.Own != nil {
		for _, ch := range device.Own.Channels {
			device.point(ch.Name, fmt.Sprintf("-%d", s.ID), taken)
		}
	} else {
		for _, v := range best.Values {
			device.point(v.Channel, fmt.Sprintf("-%d", s.ID), taken)
		}
	}
	d.Devices = append(d.Devices, device)
	return nil
}

// doubt is the comment that an uncertain match gets.
func doubt(s Slave, c Candidate) string {
	var others []string
	for _, o := range s.Candidates {
		if o.Profile != c.Profile {
			others = append(others, fmt.Sprintf("%s (%d%%)", o.Profile, o.Score))
		}
	}
	switch {
	case !s.Certain && len(others) > 0:
		return fmt.Sprintf("a guess (%d%%); it may also be %s: compare with a thermometer", c.Score, strings.Join(others, ", "))
	case !s.Certain:
		return fmt.Sprintf("a guess (%d%%): compare with a thermometer", c.Score)
	case len(c.Alike) > 0:
		return "reads the same as " + strings.Join(c.Alike, ", ")
	}
	return ""
}

// point names a channel's point; names of one zone differ.
func (d *DraftDevice) point(channel, suffix string, taken map[string]bool) {
	name := channel
	if taken[d.Zone+"/"+name] {
		name += suffix
	}
	taken[d.Zone+"/"+name] = true
	d.Points[name] = channel
}

func (c Chooser) zone(ctx context.Context) (string, error) {
	for c.Terminal != nil {
		zone, err := c.Terminal.Ask(ctx, Text{"在哪个库区", "in which zone"}, c.Zone)
		if err != nil {
			return "", err
		}
		if sensors.IsSlug(zone) {
			return zone, nil
		}
		c.Terminal.Say(Text{"只用小写字母、数字和连字符，例如 mutton-1", "lower-case letters, digits and hyphens only, e.g. mutton-1"})
	}
	return c.Zone, nil
}

// picked is one choice: a candidate, or readings of registers.
type picked struct {
	candidate int
	own       []OwnChannel
}

// pick asks which candidate or which registers; ok is false for none.
func (c Chooser) pick(ctx context.Context, s Slave, known bool) (picked, bool, error) {
	if c.Terminal == nil {
		return picked{}, known, nil
	}
	otherwise := "0"
	if known {
		otherwise = "1"
	}
	for {
		line, err := c.Terminal.Ask(ctx, Text{
			fmt.Sprintf("从站 %d：选 [1]…，或寄存器 r3 r5h，0 = 不要", s.ID),
			fmt.Sprintf("slave %d: choose [1]..., or registers r3 r5h, 0 = leave out", s.ID)}, otherwise)
		if err != nil {
			return picked{}, false, err
		}
		p, ok, err := s.parseChoice(line)
		if err == nil {
			return p, ok, nil
		}
		c.Terminal.Say(Text{"没看懂：%v", "not understood: %v"}, err)
	}
}

// parseChoice reads "2", "0" or "r3 r5h".
func (s Slave) parseChoice(line string) (picked, bool, error) {
	if n, err := strconv.Atoi(line); err == nil {
		switch {
		case n == 0:
			return picked{}, false, nil
		case n < 0 || n > len(s.Candidates):
			return picked{}, false, fmt.Errorf("there is no [%d]", n)
		}
		return picked{candidate: n - 1}, true, nil
	}
	var own []OwnChannel
	used := map[sensors.Quantity]int{}
	for _, word := range strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return r == ' ' || r == ',' || r == '，' }) {
		ch, err := s.register(word)
		if err != nil {
			return picked{}, false, err
		}
		used[ch.Quantity]++
		ch.Name = string(ch.Quantity)
		if n := used[ch.Quantity]; n > 1 {
			ch.Name = fmt.Sprintf("%s-%d", ch.Quantity, n)
		}
		own = append(own, ch)
	}
	if len(own) == 0 {
		return picked{}, false, fmt.Errorf("nothing was chosen")
	}
	return picked{own: own}, true, nil
}

// register reads r5, r5t or r5h.
func (s Slave) register(word string) (OwnChannel, error) {
	digits, isRegister := strings.CutPrefix(word, "r")
	humid, hot := strings.HasSuffix(digits, "h"), strings.HasSuffix(digits, "t")
	n, err := strconv.Atoi(strings.TrimRight(digits, "ht"))
	if !isRegister || err != nil {
		return OwnChannel{}, fmt.Errorf("%q is neither a number nor a register such as r3 or r5h", word)
	}
	for _, r := range s.Registers {
		for _, m := range r.Meanings {
			if m.Choice != n {
				continue
			}
			ch := OwnChannel{Quantity: m.quantity(), Register: r, Meaning: m}
			if humid {
				ch.Quantity = sensors.Humidity
			}
			if hot {
				ch.Quantity = sensors.Temperature
			}
			return ch, nil
		}
	}
	return OwnChannel{}, fmt.Errorf("there is no [r%d]", n)
}

// channelsOf are the channels of the chips' drivers. A chip that measures
// nothing by itself has none.
func channelsOf(driver string) []string {
	switch driver {
	case "hdc302x", "sht3x", "sht4x", "aht20", "bme280", "si7021", "hdc1080":
		return []string{"temperature", "humidity"}
	case "tmp102", "tmp105", "tmp117", "mcp9808":
		return []string{"temperature"}
	}
	return nil
}

func (c Chooser) chip(ctx context.Context, d *Draft, chip Chip, taken map[string]bool) error {
	var drivers []string
	for _, driver := range chip.Drivers {
		if channelsOf(driver) != nil {
			drivers = append(drivers, driver)
		}
	}
	choice := 0
	if c.Terminal != nil && len(drivers) > 0 {
		var err error
		if choice, err = c.pickDriver(ctx, chip, drivers); err != nil {
			return err
		}
	}
	if len(drivers) == 0 || choice < 0 {
		d.LeftOut = append(d.LeftOut, fmt.Sprintf("chip at %s was left out: %s", chip.where(), chip.Note.EN))
		return nil
	}
	device := DraftDevice{Name: "chip" + chip.suffix(), Mux: chip.Mux, Driver: drivers[choice], Address: chip.Address, Points: map[string]string{}}
	if !chip.Identified {
		device.Comment = "not identified: " + chip.Note.EN
	}
	var err error
	if device.Zone, err = c.zone(ctx); err != nil {
		return err
	}
	for _, channel := range channelsOf(device.Driver) {
		device.point(channel, chip.suffix(), taken)
	}
	d.Devices = append(d.Devices, device)
	return nil
}

// pickDriver returns the index of the driver, or -1 for none.
func (c Chooser) pickDriver(ctx context.Context, chip Chip, drivers []string) (int, error) {
	list := make([]string, len(drivers))
	for i, name := range drivers {
		list[i] = fmt.Sprintf("[%d] %s", i+1, name)
	}
	for {
		line, err := c.Terminal.Ask(ctx, Text{
			fmt.Sprintf("芯片 %s：%s，0 = 不要", chip.where(), strings.Join(list, " ")),
			fmt.Sprintf("chip %s: %s, 0 = leave out", chip.where(), strings.Join(list, " "))}, "1")
		if err != nil {
			return 0, err
		}
		if n, err := strconv.Atoi(line); err == nil && n >= 0 && n <= len(drivers) {
			return n - 1, nil
		}
		c.Terminal.Say(Text{"没看懂：%s", "not understood: %s"}, line)
	}
}
