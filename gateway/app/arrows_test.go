package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The layers of the module fail the build when an arrow turns round:
//
//	firmware-bridge <------------.
//	sensors <- alerting <- gateway/... <- gateway/app <- cmd
//
// Each rule below is held against the whole module by TestArrows, and
// TestRulesCanFail holds it against a mistake of its own.

const module = "coldchain"

// tree is what the rules judge.
type tree struct {
	packages []goPackage
	files    []goFile // Go files that are not tests
	top      []string // names in the top folder, folders with a slash at the end
}

// goPackage is what go list says of a package; tests are not part of it.
type goPackage struct {
	ImportPath, Name, Doc  string
	Imports, Deps, GoFiles []string
}

type goFile struct {
	path  string // below the top folder, with slashes
	lines int
	ast   *ast.File
}

// folder is the package's place below the top folder.
func (p goPackage) folder() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// ours are the folders of the module that the package imports itself.
func (p goPackage) ours() []string {
	var list []string
	for _, i := range p.Imports {
		if rest, ok := strings.CutPrefix(i, module+"/"); ok {
			list = append(list, rest)
		}
	}
	return list
}

// under reports whether folder is one of the roots or lies in one.
func under(folder string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return folder == root || strings.HasPrefix(folder, root+"/") })
}

// pure reports whether the folder does no I/O, knows no clock and starts no
// goroutine. alerting/notify itself only has the words; its channels do I/O.
func pure(folder string) bool {
	return folder == "sensors" || under(folder, "alerting") && !strings.HasPrefix(folder, "alerting/notify/")
}

// arrows builds a rule: packages under from may import of ours only what may
// says.
func arrows(from string, may func(importer, imported string) bool) func(tree) []string {
	return func(t tree) (wrong []string) {
		for _, p := range t.packages {
			for _, i := range p.ours() {
				if under(p.folder(), from) && !may(p.folder(), i) {
					wrong = append(wrong, fmt.Sprintf("%s imports %s", p.folder(), i))
				}
			}
		}
		return wrong
	}
}

var rules = map[string]func(tree) []string{
	"sensors imports sensors alone": arrows("sensors", func(_, i string) bool { return under(i, "sensors") }),
	"alerting imports sensors and, unless it notifies, what is pure": arrows("alerting", func(p, i string) bool {
		return i == "sensors" || under(i, "alerting") && (pure(i) || !pure(p))
	}),
	"firmware-bridge imports nothing of ours":      arrows("firmware-bridge", func(_, i string) bool { return under(i, "firmware-bridge") }),
	"gateway does not import cmd or deploy":        arrows("gateway", func(_, i string) bool { return !under(i, "cmd", "deploy") }),
	"cmd imports gateway/app alone":                arrows("cmd", func(_, i string) bool { return under(i, "gateway/app") }),
	"firmware-bridge is for gateway/app alone":     importedBy("firmware-bridge", "gateway/app"),
	"gateway/app is for cmd and the demo alone":    importedBy("gateway/app", "cmd", "gateway/demo"),
	"pure packages import no I/O":                  pureImports,
	"pure packages know no clock and no goroutine": pureCalls,
	"the edge agent stays small":                   edgeDependencies,
	"top folders":                                  topFolders,
	"every package says what it is":                docComments,
	"files stay short":                             lengths,
	"no init and no blank import":                  magic,
}

func importedBy(folder string, importers ...string) func(tree) []string {
	return func(t tree) (wrong []string) {
		for _, p := range t.packages {
			for _, i := range p.ours() {
				if under(i, folder) && !under(p.folder(), append(importers, folder)...) {
					wrong = append(wrong, fmt.Sprintf("%s imports %s", p.folder(), i))
				}
			}
		}
		return wrong
	}
}

func pureImports(t tree) (wrong []string) {
	for _, p := range t.packages {
		for _, i := range p.Imports {
			if pure(p.folder()) && (under(i, "os", "net", "database", "syscall", "log", "io/ioutil", "math/rand", "crypto/rand")) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s", p.folder(), i))
			}
		}
	}
	return wrong
}

func pureCalls(t tree) (wrong []string) {
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
	for _, f := range t.files {
		if !pure(path.Dir(f.path)) {
			continue
		}
		name := importName(f.ast, "time")
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				wrong = append(wrong, f.path+" starts a goroutine")
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && name != "" && x.Name == name && slices.Contains(clock, n.Sel.Name) {
					wrong = append(wrong, f.path+" uses time."+n.Sel.Name)
				}
			}
			return true
		})
	}
	return wrong
}

// importName is what the file calls the import, or "".
func importName(f *ast.File, imported string) string {
	for _, i := range f.Imports {
		if strings.Trim(i.Path.Value, `"`) == imported {
			if i.Name != nil {
				return i.Name.Name
			}
			return path.Base(imported)
		}
	}
	return ""
}

func edgeDependencies(t tree) (wrong []string) {
	unwanted := []string{
		"influxdata/influxdb", "influxdb-client", "fpdf", "gopdf", "prometheus/", "simonvetter/modbus", "mochi-mqtt",
		module + "/gateway/web", module + "/gateway/evidence", module + "/gateway/demo", module + "/sensors/sim",
	}
	for _, p := range t.packages {
		for _, d := range p.Deps {
			if p.folder() == "cmd/edge-agent" && slices.ContainsFunc(unwanted, func(u string) bool { return strings.Contains(d, u) }) {
				wrong = append(wrong, "cmd/edge-agent depends on "+d)
			}
		}
	}
	return wrong
}

func topFolders(t tree) (wrong []string) {
	folders := []string{"alerting/", "cmd/", "deploy/", "firmware-bridge/", "gateway/", "sensors/"}
	files := []string{"go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "CHANGELOG.md"}
	for _, name := range t.top {
		if !slices.Contains(folders, name) && !slices.Contains(files, name) && !strings.HasPrefix(name, ".") {
			wrong = append(wrong, name+" does not belong into the top folder")
		}
	}
	for _, name := range folders {
		if !slices.Contains(t.top, name) {
			wrong = append(wrong, name+" is missing")
		}
	}
	return wrong
}

func docComments(t tree) (wrong []string) {
	for _, p := range t.packages {
		want := "Package " + path.Base(p.folder()) + " "
		if p.Name == "main" {
			want = "Command " + path.Base(p.folder()) + " "
		}
		if !strings.HasPrefix(p.Doc, want) && len(p.GoFiles) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s has no doc comment that begins with %q: %q", p.folder(), want, p.Doc))
		}
	}
	return wrong
}

func lengths(t tree) (wrong []string) {
	for _, f := range t.files {
		most := 500
		if under(f.path, "cmd") {
			most = 120
		}
		if f.lines > most {
			wrong = append(wrong, fmt.Sprintf("%s has %d lines, at most %d", f.path, f.lines, most))
		}
	}
	return wrong
}

func magic(t tree) (wrong []string) {
	for _, f := range t.files {
		for _, i := range f.ast.Imports {
			if name := strings.Trim(i.Path.Value, `"`); i.Name != nil && i.Name.Name == "_" && name != "embed" && name != "modernc.org/sqlite" {
				wrong = append(wrong, f.path+" imports "+name+" for its side effect")
			}
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
				wrong = append(wrong, f.path+" has an init function")
			}
		}
	}
	return wrong
}

// TestArrows holds every rule against the module.
func TestArrows(t *testing.T) {
	whole := loadModule(t)
	if len(whole.packages) < 10 || len(whole.files) < 20 {
		t.Fatalf("found %d packages and %d files: the module is not all here", len(whole.packages), len(whole.files))
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, wrong := range rule(whole) {
				t.Error(wrong)
			}
		})
	}
}

func loadModule(t *testing.T) tree {
	t.Helper()
	root := strings.TrimSpace(string(run(t, ".", "go", "list", "-m", "-f", "{{.Dir}}")))
	var out tree
	packages := json.NewDecoder(bytes.NewReader(run(t, root, "go", "list", "-e", "-json=ImportPath,Name,Doc,Imports,Deps,GoFiles", "./...")))
	for {
		var p goPackage
		if err := packages.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		out.packages = append(out.packages, p)
	}
	ignored := ignoredAtTop(t, root)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		if ignored(name) {
			continue
		}
		out.top = append(out.top, name)
		if e.IsDir() && !strings.HasPrefix(name, ".") {
			out.files = append(out.files, goFiles(t, root, e.Name())...)
		}
	}
	return out
}

func run(t *testing.T, folder string, command ...string) []byte {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stderr = folder, &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", command, err, stderr.String())
	}
	return out
}

// ignoredAtTop reads which names in the top folder git does not want to see.
func ignoredAtTop(t *testing.T, root string) func(name string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	patterns := strings.Fields(string(text))
	return func(name string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			match, err := path.Match(strings.Trim(pattern, "/"), strings.TrimSuffix(name, "/"))
			return match && err == nil
		})
	}
}

func goFiles(t *testing.T, root, folder string) (files []goFile) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, folder), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f, err := parse(filepath.ToSlash(below), string(text))
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func parse(name, text string) (goFile, error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	return goFile{path: name, lines: strings.Count(text, "\n"), ast: f}, err
}
