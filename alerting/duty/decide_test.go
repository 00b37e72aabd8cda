package duty

import (
	"strings"
	"testing"
)

func TestWhoMayDecideAndWhoSign(t *testing.T) {
	for name, c := range map[string]struct{ roster, decide, sign string }{
		"nobody":                          {"", "", ""},
		"keepers alone":                   {"a:keeper b:driver", "", ""},
		"two officers":                    {"a:quality b:keeper c:quality d:county-duty e:manager", "a c", "a c"},
		"one officer":                     {"a:quality b:keeper d:county-duty e:manager", "a", "a d e"},
		"one officer, also on duty":       {"a:quality,county-duty b:county-duty", "a", "a b"},
		"no officer":                      {"b:keeper d:county-duty e:manager f:county-duty", "d f", "d f"},
		"no officer and one on duty":      {"b:keeper d:county-duty e:manager", "d", "d e"},
		"a manager alone decides nothing": {"e:manager", "", "e"},
	} {
		var r Roster
		for text := range strings.FieldsSeq(c.roster) {
			id, roles, _ := strings.Cut(text, ":")
			p := Person{ID: id}
			for role := range strings.SplitSeq(roles, ",") {
				p.Roles = append(p.Roles, Role(role))
			}
			r.Persons = append(r.Persons, p)
		}
		ids := func(list []Person) string {
			var out []string
			for _, p := range list {
				out = append(out, p.ID)
			}
			return strings.Join(out, " ")
		}
		if d, s := ids(r.Deciders()), ids(r.Signers()); d != c.decide || s != c.sign {
			t.Errorf("%s: %q decide and %q sign, want %q and %q", name, d, s, c.decide, c.sign)
		}
	}
}
