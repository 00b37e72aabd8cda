package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// LoadEdge reads an edge agent's file with its defaults filled in. A file with
// mistakes gives an *Error with all of them; what is merely doubtful shows in
// Check alone. Files that the configuration names are looked at too; a relative
// path is taken from the working directory.
func LoadEdge(path string) (*Edge, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	e, r := readEdge(path, data)
	e.checkFiles(r)
	if err := Refusal(inFileOrder(r.problems)); err != nil {
		return nil, err
	}
	return e, nil
}

// LoadCounty reads the collector's file as LoadEdge does an edge's.
func LoadCounty(path string) (*County, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	c, r := readCounty(path, data)
	c.checkFiles(r)
	if err := Refusal(inFileOrder(r.problems)); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseEdge is LoadEdge for bytes already read; name stands for the file in
// messages. It does not touch the file system.
func ParseEdge(name string, data []byte) (*Edge, error) {
	e, r := readEdge(name, data)
	if err := Refusal(inFileOrder(r.problems)); err != nil {
		return nil, err
	}
	return e, nil
}

// ParseCounty is LoadCounty for bytes already read.
func ParseCounty(name string, data []byte) (*County, error) {
	c, r := readCounty(name, data)
	if err := Refusal(inFileOrder(r.problems)); err != nil {
		return nil, err
	}
	return c, nil
}

// Check reads a configuration file of either kind and returns everything that
// is wrong or doubtful in it, in the order of the file. The file's kind is told
// by its keys: an edge's has site, gateway, buses or devices, a county's sites,
// web or store; a product profile's has hygiene or life.
func Check(path string) []Problem {
	data, err := read(path)
	if err != nil {
		return []Problem{{What: err.Error()}}
	}
	root, bad := parseYAML(data)
	if bad != nil {
		bad.File = path
		return []Problem{*bad}
	}
	edge, county, goods := 0, 0, 0
	for i := 0; i < len(root.Content); i += 2 {
		if isProductProfile(root.Content[i].Value) {
			goods++
		}
		switch root.Content[i].Value {
		case "site", "gateway", "sampling", "journal", "status", "buses", "devices", "limits":
			edge++
		case "sites", "web", "store", "broker", "timezone", "notice", "name", "sources", "retention", "watch", "product_profiles":
			county++
		}
	}
	var r *report
	switch {
	case goods > edge && goods > county:
		return checkProductProfile(path, data)
	case edge > county:
		var e *Edge
		e, r = readEdge(path, data)
		e.checkFiles(r)
	case county > edge:
		var c *County
		c, r = readCounty(path, data)
		c.checkFiles(r)
	default:
		return []Problem{{File: path, Line: root.Line, What: "this is neither an edge agent's file nor a county's",
			Want: "an edge's has site, gateway, buses and devices, a county's has sites; see deploy/examples"}}
	}
	return inFileOrder(r.problems)
}

func readEdge(name string, data []byte) (*Edge, *report) {
	e := &Edge{}
	r := decode(name, data, e)
	if !r.src.broken[""] {
		e.ApplyDefaults()
		e.validate(r)
	}
	return e, r
}

func readCounty(name string, data []byte) (*County, *report) {
	c := &County{}
	r := decode(name, data, c)
	if !r.src.broken[""] {
		c.ApplyDefaults()
		c.validate(r)
	}
	return c, r
}

// read returns the file's bytes, one more than the limit at most.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, cause(err))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, cause(err))
	}
	return data, nil
}

// checkFiles looks at the files that the configuration names.
func (e *Edge) checkFiles(r *report) {
	m := place("mqtt")
	r.secret(m.key("password_file"), e.MQTT.PasswordFile)
	r.file(m.key("ca_file"), e.MQTT.CAFile)
	for i, d := range e.Devices {
		if profilePath(d.Profile) {
			r.checkProfileFile(place("devices").index(i), d)
		}
	}
}

// checkFiles looks at the files that the configuration names.
func (c *County) checkFiles(r *report) {
	m := place("mqtt")
	r.secret(m.key("password_file"), c.MQTT.PasswordFile)
	r.file(m.key("ca_file"), c.MQTT.CAFile)
	r.secret(place("web").key("token_file"), c.Web.TokenFile)
	r.file(place("web").key("tls").key("cert_file"), c.Web.TLS.CertFile)
	r.file(place("web").key("tls").key("key_file"), c.Web.TLS.KeyFile)
	influx := place("store").key("influx")
	r.secret(influx.key("token_file"), c.Store.Influx.TokenFile)
	r.file(influx.key("ca_file"), c.Store.Influx.CAFile)
	c.Notify.checkFiles(r)
	c.checkProductProfiles(r)
}

// file demands a readable file.
func (r *report) file(p place, path string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		r.bad(p, "put the file there or correct the path", "%s %.200s: %v", p, path, cause(err))
	case !info.Mode().IsRegular():
		r.bad(p, "name a file", "%s %.200s is not a file", p, path)
	}
}

// secret demands a secret that can be read, and warns when others can read it.
func (r *report) secret(p place, path string) {
	if path == "" {
		return
	}
	if name, ok := strings.CutPrefix(path, fromCredentials); ok && os.Getenv("CREDENTIALS_DIRECTORY") == "" {
		r.warn(p, fmt.Sprintf("the unit needs LoadCredential=%s:/PATH", showName(name)), "%s cannot be checked outside of its systemd unit", p)
		return
	}
	if !secretRef(path) {
		return // secretForm has said so
	}
	if _, err := ReadSecret(path); err != nil {
		r.bad(p, "put the secret there, on one line, readable by the service's user alone", "%s: %v", p, err)
		return
	}
	file, err := secretFile(path)
	if err != nil {
		return // env:NAME has no file
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o007 != 0 {
		r.warn(p, "run chmod o= on it", "%s %.200s can be read by everybody on this machine", p, file)
	}
}
