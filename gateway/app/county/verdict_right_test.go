package county

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// TestWhoMayDecideOnGoods: a right is the roster's to give. Names outside it are
// written as the page has them, with how they came.
func TestWhoMayDecideOnGoods(t *testing.T) {
	const (
		released, rejected, hold = batch.Released, batch.Rejected, batch.OnHold
		nobody                   = ""
	)
	staffed := "sarana:quality wang:county-duty chen:manager qiqige:keeper"
	for i, c := range []struct {
		roster, who string
		decision    batch.Decision // empty: the signature under a severe one
		before      batch.Decision // in force
		want        string         // words of the refusal; empty: it is allowed
	}{
		{staffed, "sarana", released, "", ""},
		{staffed, "sarana", rejected, "", ""},
		{staffed, "qiqige", released, "", "质检员"},
		{staffed, "qiqige", rejected, "", "质检员"},
		{staffed, "wang", released, "", "质检员"}, // the roster has a quality officer
		{staffed, "chen", released, "", "质检员"},
		{staffed, "陌生人 (token)", released, "", "质检员"},
		{staffed, "陌生人 (token)", batch.PartiallyReleased, "", "质检员"},
		{staffed, "陌生人 (token)", rejected, "", "质检员"},
		{staffed, "陌生人 (token)", hold, "", ""}, // holding back harms nobody
		{staffed, "qiqige", hold, released, ""},
		{staffed, "qiqige", hold, rejected, "质检员"}, // it would take the rejection away
		{staffed, "sarana", hold, rejected, ""},
		{staffed, "wang", nobody, "", ""}, // one officer cannot be two
		{staffed, "chen", nobody, "", ""},
		{staffed, "qiqige", nobody, "", "质检员"},
		{staffed, "陌生人 (token)", nobody, "", "质检员"},
		{staffed + " sol:quality", "wang", nobody, "", "质检员"},
		{staffed + " sol:quality", "sol", nobody, "", ""},
		{"wang:county-duty qiqige:keeper", "wang", released, "", ""}, // no quality officer at all
		{"wang:county-duty qiqige:keeper", "qiqige", released, "", "wang"},
		{"qiqige:keeper", "qiqige", released, "", "没人能判定"},
		{"qiqige:keeper", "qiqige", nobody, "", "没人能签字"},
		{nobody, "陌生人 (token)", released, "", ""}, // a county without a roster
		{nobody, "陌生人 (token)", nobody, "", ""},
	} {
		t.Run(fmt.Sprint(i, " ", c.who, " ", c.decision), func(t *testing.T) {
			db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			admin := state.Actor{Kind: state.Person, ID: "admin"}
			if _, err := db.CreateBatch(t.Context(), admin, "b", batch.Batch{ID: "A"}, nil); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				if _, err := db.GiveVerdict(t.Context(), admin, "v", batch.Verdict{Batch: "A", Decision: c.before, Reason: "x"}, batch.Rule{}, batch.Evidence{}); err != nil {
					t.Fatal(err)
				}
			}
			var roster duty.Roster
			for text := range strings.FieldsSeq(c.roster) {
				id, role, _ := strings.Cut(text, ":")
				name := id
				if duty.Role(role) == duty.Quality {
					name = "质检员 " + id
				}
				roster.Persons = append(roster.Persons, duty.Person{ID: id, Name: name, Roles: []duty.Role{duty.Role(role)}})
			}
			if len(roster.Persons) > 0 {
				if _, err := db.PutPeople(t.Context(), admin, 0, roster, duty.DefaultPlan(), func(string) bool { return true }); err != nil {
					t.Fatal(err)
				}
			}
			v, who := view{state: db}, state.Actor{Kind: state.Person, ID: c.who}
			if c.decision == "" {
				err = v.maySign(t.Context(), who)
			} else {
				err = v.mayDecide(t.Context(), who, "A", c.decision)
			}
			var r *web.Refused
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (!errors.As(err, &r) || r.Code != noRight || !strings.Contains(r.ZH, c.want) || r.EN == ""):
				t.Errorf("%v (%+v), want %s", err, r, c.want)
			}
		})
	}
}

// TestAVerdictNeedsTheRight goes the whole way, so that the rights are asked.
func TestAVerdictNeedsTheRight(t *testing.T) {
	r := newUseRig(t)
	r.must("/api/v1/batches", map[string]any{"id": "A", "product": "羊肉", "zone": "centre/mutton"})
	roster := duty.Roster{Persons: []duty.Person{{ID: "sarana", Name: "萨仁", Roles: []duty.Role{duty.Quality}}}}
	if _, err := r.app.State().PutPeople(t.Context(), state.Actor{Kind: state.Person, ID: "admin"}, 0, roster, duty.DefaultPlan(), func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	const lot = "/api/v1/batches/A"
	status, answer := r.send("POST", lot+"/verdicts", map[string]any{"actor": "陌生人", "decision": "rejected", "reason": "看过"})
	if status != 403 || code(answer) != noRight {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer = r.send("POST", lot+"/verdicts", map[string]any{"actor": "陌生人", "decision": "on-hold", "reason": "看过", "severe": true}); status != 201 {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer = r.send("POST", lot+"/verdicts/1/signature", map[string]any{"actor": "另一个人"}); status != 403 || code(answer) != noRight {
		t.Errorf("%d %v", status, answer)
	}
}
