package install

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"coldchain/sensors"
)

// Draft is an edge configuration as a scan proposes it.
type Draft struct {
	County, Site, Gateway string
	Key, Value            string // of the bus
	Setting               *Setting
	Devices               []DraftDevice
	LeftOut               []string // what was found and not taken, one a line
}

// DraftDevice is one device of a draft.
type DraftDevice struct {
	Name, Zone, Profile, Driver string
	Slave                       uint8
	Address                     uint16
	Mux                         *MuxPlace
	Points                      map[string]string // point to channel
	Comment                     string
	Own                         *OwnProfile // when Profile is to be written beside the draft
}

// OwnProfile is a device profile made of registers that the installer chose.
type OwnProfile struct {
	Name     string
	Channels []OwnChannel
}

// OwnChannel is one chosen reading of a register.
type OwnChannel struct {
	Name     string
	Quantity sensors.Quantity
	Register Register
	Meaning  Meaning
}

// busName is the name of a draft's only bus.
const busName = "line1"

// YAML is the draft as a configuration file; folder is where profiles of its
// own lie.
func (d Draft) YAML(folder string) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# 由 coldchain scan 生成，请核对名称、库区和限值。")
	say("# Written by coldchain scan. Check names, zones and limits, then: coldchain check FILE")
	say("")
	say("county: %s", d.County)
	say("site: %s", d.Site)
	say("gateway: %s", d.Gateway)
	say("data: /var/lib/coldchain-edge")
	say("")
	say("mqtt:")
	say("  server: tcp://127.0.0.1:1883   # 县中心的服务器 / the county's broker")
	say("")
	say("status:")
	say("  listen: 127.0.0.1:8081")
	say("")
	say("buses:")
	say("  - name: %s", busName)
	say("    %s: %s", d.Key, quoted(d.Value))
	if s := d.Setting; s != nil {
		say("    baud: %d", s.Baud)
		say("    parity: %s", s.Parity)
		say("    stop_bits: %d", s.StopBits)
	}
	say("")
	if len(d.Devices) == 0 {
		say("devices: []")
	} else {
		say("devices:")
	}
	for _, one := range d.Devices {
		if one.Comment != "" {
			say("  # %s", one.Comment)
		}
		say("  - name: %s", one.Name)
		say("    bus: %s", busName)
		say("    zone: %s", one.Zone)
		if one.Driver != "" {
			say("    driver: %s", one.Driver)
			say("    address: %#02x", one.Address)
			if one.Mux != nil {
				say("    mux: {address: %#02x, channel: %d}", one.Mux.Address, one.Mux.Channel)
			}
		} else {
			profile := one.Profile
			if one.Own != nil {
				profile = filepath.Join(folder, one.Own.Name+".yaml")
			}
			say("    profile: %s", quoted(profile))
			say("    slave: %d", one.Slave)
		}
		say("    points:")
		for _, name := range slices.Sorted(maps.Keys(one.Points)) {
			say("      %s: %s", name, one.Points[name])
		}
	}
	for _, line := range d.LeftOut {
		say("  # %s", line)
	}
	return b.String()
}

// quoted is a YAML scalar: as it is where nothing in it has a meaning.
func quoted(s string) string {
	if strings.ContainsAny(s, " :#'\"{}[]&*!|>%@`,\\") || s == "" {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}

// YAML is the profile as a file.
func (p OwnProfile) YAML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# 由 coldchain scan 生成：寄存器由安装人选定，先对照温度计。\n")
	fmt.Fprintf(&b, "name: %s\n", p.Name)
	fmt.Fprintf(&b, "label: {zh: 现场自定义设备, en: device defined on site}\n")
	fmt.Fprintf(&b, "source: chosen by the installer among what the registers showed in a scan\n")
	fmt.Fprintf(&b, "confidence: conflicting\n")
	fmt.Fprintf(&b, "max_read: 8\nchannels:\n")
	for _, c := range p.Channels {
		order := ""
		if c.Meaning.Order != "" {
			order = ", word_order: " + string(c.Meaning.Order)
		}
		valid := "[-60, 80]"
		if c.Quantity == sensors.Humidity {
			valid = "[0, 100]"
		}
		fmt.Fprintf(&b, "  %s: {quantity: %s, function: %s, address: %d, type: %s%s, scale: %s, valid: %s}\n",
			c.Name, c.Quantity, c.Register.Table, c.Register.Address, c.Meaning.Type, order, c.Meaning.Scale, valid)
	}
	return b.String()
}

// WriteFiles writes the draft and the profiles it needs, and returns their
// names. No file is overwritten: if one is there already, nothing is written.
func (d Draft) WriteFiles(file string) ([]string, error) {
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", file, err)
	}
	contents := map[string]string{file: d.YAML(folder)}
	order := []string{}
	for _, one := range d.Devices {
		if one.Own != nil {
			name := filepath.Join(folder, one.Own.Name+".yaml")
			contents[name] = one.Own.YAML()
			order = append(order, name)
		}
	}
	order = append(order, file)
	for _, name := range order {
		if err := CanCreate(name); err != nil {
			return nil, err
		}
	}
	for _, name := range order {
		if err := create(name, []byte(contents[name])); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// CanCreate refuses a file that is there already.
func CanCreate(name string) error {
	_, err := os.Lstat(name)
	if err == nil {
		return fmt.Errorf("%s is there already and is not overwritten: give another name, or move it away", name)
	}
	if !os.IsNotExist(err) {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	return nil
}

// create writes a new file whole, or leaves none.
func create(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(name))
	}
	return nil
}
