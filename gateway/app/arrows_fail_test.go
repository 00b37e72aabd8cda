package app_test

import (
	"slices"
	"strings"
	"testing"
)

// imports is a package with what it imports, a doc comment included.
func imports(folder string, imported ...string) goPackage {
	name := folder[strings.LastIndex(folder, "/")+1:]
	p := goPackage{ImportPath: module + "/" + folder, Name: name, Doc: "Package " + name + " is there.", Imports: imported, Deps: imported, GoFiles: []string{"doc.go"}}
	if strings.HasPrefix(folder, "cmd/") {
		p.Name, p.Doc = "main", "Command "+name+" is there."
	}
	return p
}

func file(t *testing.T, name, text string) goFile {
	t.Helper()
	f, err := parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sound is a module that no rule has anything against.
func sound(t *testing.T) tree {
	t.Helper()
	return tree{
		packages: []goPackage{
			imports("sensors", "fmt", "time"),
			imports("sensors/modbus", "os", "coldchain/sensors"),
			imports("alerting", "coldchain/sensors"),
			imports("alerting/engine", "coldchain/alerting", "coldchain/sensors", "time"),
			imports("alerting/duty", "coldchain/alerting", "coldchain/alerting/notify", "coldchain/sensors"),
			imports("alerting/notify/wecom", "net/http", "coldchain/alerting", "coldchain/alerting/notify"),
			imports("firmware-bridge/modbus", "net", "coldchain/firmware-bridge/serial"),
			imports("gateway/store/sqlite", "database/sql", "coldchain/gateway/store"),
			imports("gateway/app/edge", "coldchain/firmware-bridge/i2c", "coldchain/gateway/edge", "coldchain/gateway/app"),
			imports("cmd/edge-agent", "coldchain/gateway/app/edge", "flag"),
			imports("cmd/collector", "coldchain/gateway/app/county", "github.com/influxdata/influxdb-client-go/v2"),
		},
		files: []goFile{
			file(t, "alerting/limit.go", "package alerting\nimport \"time\"\nvar d time.Duration\nfunc f(now func() time.Time) { now() }\n"),
			file(t, "gateway/edge/clock.go", "package edge\nimport \"time\"\nfunc f() { go g(time.Now()) }\nfunc (x T) init() {}\n"),
			file(t, "gateway/store/sqlite/db.go", "package sqlite\nimport _ \"modernc.org/sqlite\"\nimport _ \"embed\"\n"),
			file(t, "cmd/collector/main.go", "package main\n"+strings.Repeat("\n", 119)),
			file(t, "gateway/web/server.go", "package web\n"+strings.Repeat("\n", 499)),
		},
		top: []string{"alerting/", "cmd/", "deploy/", "firmware-bridge/", "gateway/", "sensors/", "go.mod", "go.sum", "Makefile", "README.md", ".gitignore", ".ci/"},
	}
}

// TestRulesCanFail gives each rule a sound module, in which it must find
// nothing, and then one mistake after the other.
func TestRulesCanFail(t *testing.T) {
	pkg := func(p goPackage) func(*tree) { return func(t *tree) { t.packages = append(t.packages, p) } }
	text := func(name, body string) func(*tree) {
		return func(in *tree) { in.files = append(in.files, file(t, name, body)) }
	}
	noDoc, otherDoc := imports("gateway/journal", "os"), imports("gateway/journal", "os")
	noDoc.Doc, otherDoc.Doc = "", "Functions of all kinds."

	mistakes := []struct {
		rule   string
		change func(*tree)
		found  string
	}{
		{"sensors imports sensors alone", pkg(imports("sensors/modbus", "coldchain/firmware-bridge/modbus")), "sensors/modbus imports firmware-bridge/modbus"},
		{"sensors imports sensors alone", pkg(imports("sensors", "coldchain/alerting")), "sensors imports alerting"},
		{"sensors imports sensors alone", pkg(imports("sensors/sim", "coldchain/gateway/wire")), "sensors/sim imports gateway/wire"},
		{"alerting imports sensors and, unless it notifies, what is pure", pkg(imports("alerting/engine", "coldchain/gateway/store")), "alerting/engine imports gateway/store"},
		{"alerting imports sensors and, unless it notifies, what is pure", pkg(imports("alerting/engine", "coldchain/alerting/notify/wecom")), "alerting/engine imports alerting/notify/wecom"},
		{"alerting imports sensors and, unless it notifies, what is pure", pkg(imports("alerting/batch", "coldchain/sensors/modbus")), "alerting/batch imports sensors/modbus"},
		{"firmware-bridge imports nothing of ours", pkg(imports("firmware-bridge/i2c", "coldchain/sensors")), "firmware-bridge/i2c imports sensors"},
		{"gateway does not import cmd or deploy", pkg(imports("gateway/demo", "coldchain/cmd/coldchain")), "gateway/demo imports cmd/coldchain"},
		{"cmd imports gateway/app alone", pkg(imports("cmd/collector", "coldchain/gateway/config")), "cmd/collector imports gateway/config"},
		{"firmware-bridge is for gateway/app alone", pkg(imports("gateway/edge", "coldchain/firmware-bridge/i2c")), "gateway/edge imports firmware-bridge/i2c"},
		{"gateway/app is for cmd and the demo alone", pkg(imports("gateway/web", "coldchain/gateway/app/county")), "gateway/web imports gateway/app/county"},
		{"pure packages import no I/O", pkg(imports("alerting/engine", "net/http")), "alerting/engine imports net/http"},
		{"pure packages import no I/O", pkg(imports("alerting/batch", "database/sql")), "alerting/batch imports database/sql"},
		{"pure packages import no I/O", pkg(imports("sensors", "os")), "sensors imports os"},
		{"pure packages know no clock and no goroutine", text("alerting/engine/e.go", "package engine\nimport \"time\"\nfunc f() { _ = time.Now() }\n"), "alerting/engine/e.go uses time.Now"},
		{"pure packages know no clock and no goroutine", text("alerting/a.go", "package alerting\nimport clock \"time\"\nvar now = clock.Now\n"), "alerting/a.go uses time.Now"},
		{"pure packages know no clock and no goroutine", text("sensors/a.go", "package sensors\nfunc f() { go f() }\n"), "sensors/a.go starts a goroutine"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "github.com/influxdata/influxdb-client-go/v2/api")), "influxdb-client-go"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "codeberg.org/go-pdf/fpdf")), "fpdf"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "coldchain/gateway/web")), "gateway/web"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "github.com/prometheus/client_golang/prometheus")), "prometheus"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "github.com/simonvetter/modbus")), "simonvetter"},
		{"the edge agent stays small", pkg(imports("cmd/edge-agent", "github.com/mochi-mqtt/server/v2")), "mochi-mqtt"},
		{"top folders", func(t *tree) { t.top = append(t.top, "internal/") }, "internal/ does not belong"},
		{"top folders", func(t *tree) { t.top = append(t.top, "notes.txt") }, "notes.txt does not belong"},
		{"top folders", func(t *tree) { t.top = t.top[1:] }, "alerting/ is missing"},
		{"every package says what it is", pkg(noDoc), "gateway/journal has no doc comment"},
		{"every package says what it is", pkg(otherDoc), "gateway/journal has no doc comment"},
		{"files stay short", text("gateway/web/long.go", "package web\n"+strings.Repeat("\n", 500)), "gateway/web/long.go has 501 lines"},
		{"files stay short", text("cmd/collector/more.go", "package main\n"+strings.Repeat("\n", 120)), "cmd/collector/more.go has 121 lines"},
		{"no init and no blank import", text("gateway/web/i.go", "package web\nfunc init() {}\n"), "gateway/web/i.go has an init function"},
		{"no init and no blank import", text("gateway/web/b.go", "package web\nimport _ \"net/http/pprof\"\n"), "imports net/http/pprof"},
	}
	tried := map[string]bool{}
	for _, m := range mistakes {
		tried[m.rule] = true
		module := sound(t)
		m.change(&module)
		if wrong := rules[m.rule](module); len(wrong) != 1 || !strings.Contains(wrong[0], m.found) {
			t.Errorf("%s: found %q, want one thing with %q", m.rule, wrong, m.found)
		}
	}
	for name, rule := range rules {
		if wrong := rule(sound(t)); len(wrong) > 0 {
			t.Errorf("%s: complains of a sound module: %v", name, slices.Compact(wrong))
		}
		if !tried[name] {
			t.Errorf("%s: no mistake shows that this rule can fail", name)
		}
	}
}
