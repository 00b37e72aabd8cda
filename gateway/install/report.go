package install

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
)

// Scan is all that one scan of one bus has found.
type Scan struct {
	Bus string `json:"bus"` // as it was given
	// Key and Value are how an edge configuration names the bus.
	Key   string  `json:"key"` // modbus_tcp, modbus_rtu, modbus_rtu_tcp or i2c
	Value string  `json:"value"`
	Lines []Found `json:"lines,omitempty"`
	Chips []Chip  `json:"chips,omitempty"`
	// Complete says that the scan was not given up.
	Complete bool `json:"complete"`
}

// Devices is how many were found.
func (s Scan) Devices() int {
	n := len(s.Chips)
	for _, l := range s.Lines {
		n += len(l.Slaves)
	}
	return n
}

// Write tells what was found, for a terminal.
func (s Scan) Write(w io.Writer, l Language) {
	say := func(zh, en string, args ...any) { fmt.Fprintf(w, l.Of(Text{zh, en})+"\n", args...) }
	if !s.Complete {
		say("已中止，以下是到目前为止找到的。", "Given up; this is what was found so far.")
	}
	if s.Devices() == 0 {
		say("%s：没有找到设备。查电源、A/B 线是否接反、终端电阻，或用 --all。", "%s: nothing found. Check power, swapped A and B wires, termination, or try --all.", s.Bus)
	}
	for _, found := range s.Lines {
		if found.Setting != nil {
			say("%s（%s）：", "%s (%s):", s.Bus, *found.Setting)
		} else {
			say("%s：", "%s:", s.Bus)
		}
		if found.Everywhere {
			say("  每个地址都有应答：只有一台设备，不看地址；只查了第一个。", "  Every number answers: one device that does not look at the number; only the first was examined.")
		}
		for _, one := range found.Slaves {
			one.write(w, l)
		}
		if len(found.Cut) > 0 {
			say("  没有连接：从站 %s。不在，或线路中断。", "  No connection for slave %s: absent, or the line was gone.", FormatIDs(found.Cut))
		}
		if len(found.Garbled) > 0 {
			say("  应答损坏：从站 %s。波特率或校验不对，两台设备同地址，或有干扰。", "  Garbled answers: slave %s. Wrong baud rate or parity, two devices with one number, or noise.", FormatIDs(found.Garbled))
		}
	}
	if len(s.Chips) > 0 {
		say("%s：", "%s:", s.Bus)
		t := table{}
		for _, c := range s.Chips {
			sure := l.Of(Text{"已识别", "identified"})
			if !c.Identified {
				sure = l.Of(Text{"待确认", "to be confirmed"})
			}
			t.row(c.where(), cmpOr(strings.Join(c.Drivers, " / "), "?"), sure, l.Of(c.Note))
		}
		t.write(w, "  ")
	}
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (s Slave) write(w io.Writer, l Language) {
	fmt.Fprintf(w, l.Of(Text{"  从站 %d", "  slave %d"}), s.ID)
	switch {
	case !s.Examined && len(s.Candidates) == 0:
		fmt.Fprintln(w, l.Of(Text{"：有应答，还没查是什么", ": answers; what it is was not examined"}))
	case len(s.Candidates) == 0:
		fmt.Fprintln(w, l.Of(Text{"：未知设备", ": unknown device"}))
	case !s.Certain && len(s.Candidates) == 1:
		fmt.Fprintln(w, l.Of(Text{"：可能是下面这种，请确认", ": may be this; to be confirmed"}))
	case !s.Certain:
		fmt.Fprintln(w, l.Of(Text{"：可能是下列之一，请选择", ": may be one of these; the choice is yours"}))
	default:
		fmt.Fprintln(w)
	}
	t := table{}
	for i, c := range s.Candidates {
		t.row(fmt.Sprintf("[%d]", i+1), strings.Join(append([]string{c.Profile}, c.Alike...), " = "), fmt.Sprintf("%d%%", c.Score), c.values(), c.caution(l))
	}
	t.write(w, "    ")
	s.writeRegisters(w, l)
}

// caution is what to mind before the profile is trusted.
func (c Candidate) caution(l Language) string {
	if c.Confidence == modbus.Conflicting {
		return l.Of(Text{"资料互相矛盾：先对照温度计", "sources disagree: compare with a thermometer first"})
	}
	return ""
}

// values are the measured channels, states last.
func (c Candidate) values() string {
	var list []string
	for _, v := range c.Values {
		text := "?"
		switch {
		case v.Value == nil:
			text = "(" + string(v.Reason) + ")"
		case v.Quantity.IsState():
			text = strconv.FormatFloat(*v.Value, 'f', -1, 64)
		default:
			text = number(*v.Value) + " " + Unit(v.Quantity)
		}
		list = append(list, v.Channel+" "+text)
	}
	const shown = 4
	if len(list) > shown {
		list = append(list[:shown], fmt.Sprintf("+%d", len(list)-shown))
	}
	return strings.Join(list, ", ")
}

// number prints a measured value with no more places than it has, at most
// five.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 5, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// writeRegisters shows what an unknown device holds: each register with every
// meaning side by side; T marks −60 to 60 °C, H 0 to 100 %RH. The numbers in
// brackets are for choosing.
func (s Slave) writeRegisters(w io.Writer, l Language) {
	if len(s.Registers) > 0 {
		fmt.Fprintln(w, l.Of(Text{
			"    寄存器的各种读法（T 像温度 −60~60 °C，H 像湿度 0~100 %RH）：",
			"    what the registers may mean (T: like −60 to 60 °C, H: like 0 to 100 %RH):"}))
		t := table{}
		t.row(l.Of(Text{"表", "table"}), l.Of(Text{"地址", "address"}), "hex", "u16", "s16", l.Of(Text{"可能的读数", "plausible readings"}))
		for _, r := range s.Registers {
			cells := make([]string, 0, len(r.Meanings))
			for _, m := range r.Meanings {
				cells = append(cells, m.String())
			}
			t.row(r.Table, fmt.Sprintf("%d", r.Address), fmt.Sprintf("%04X", r.Word), fmt.Sprint(r.Word), fmt.Sprint(int16(r.Word)), strings.Join(cells, "  "))
		}
		t.write(w, "    ")
	}
	byTable := map[string][]string{}
	var order []string
	for _, b := range s.Bits {
		if byTable[b.Table] == nil {
			order = append(order, b.Table)
		}
		state := "0"
		if b.On {
			state = "1"
		}
		byTable[b.Table] = append(byTable[b.Table], fmt.Sprintf("%d=%s", b.Address, state))
	}
	for _, name := range order {
		fmt.Fprintf(w, "    %s  %s\n", name, strings.Join(byTable[name], " "))
	}
}

// String is a meaning in the table: [3] s16×0.1=25.4 TH.
func (m Meaning) String() string {
	kind := map[modbus.Type]string{modbus.Int16: "s16", modbus.Int32: "s32", modbus.Float32: "f32", modbus.Float64: "f64", modbus.BCD16: "bcd"}[m.Type]
	if m.Order != "" {
		kind += " " + string(m.Order)
	}
	if m.Scale != "1" {
		kind += "×" + m.Scale
	}
	mark := ""
	if m.Temperature {
		mark += "T"
	}
	if m.Humidity {
		mark += "H"
	}
	return fmt.Sprintf("[r%d] %s=%s %s", m.Choice, kind, number(m.Value), mark)
}

// quantity is what a meaning is taken for when the installer does not say.
func (m Meaning) quantity() sensors.Quantity {
	if m.Temperature {
		return sensors.Temperature
	}
	return sensors.Humidity
}
