package modbus

import "testing"

func TestBuiltinProfilesParseAndLintClean(t *testing.T) {
	list, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range list {
		names[p.Name] = true
		for _, s := range Lint(p) {
			t.Errorf("%s: %s", p.Name, s)
		}
		again, err := LoadProfile(p.Name)
		if err != nil || again.Name != p.Name {
			t.Errorf("LoadProfile(%q) = %v, %v", p.Name, again, err)
		}
	}
	for _, want := range []string{"xy-md02", "carel-ir33", "danfoss-erc214", "eliwell-idplus", "juying-pt100", "dio-8", "demo-gnss"} {
		if !names[want] {
			t.Errorf("profile %s is not built in", want)
		}
	}
}
