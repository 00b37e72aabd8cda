package batch

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func share(v float64) *float64 { return &v }

// good is a batch against which nothing stands.
func good() (Dossier, Rule, Evidence) {
	return Dossier{Batch: Batch{ID: "A", Quantity: "240 kg"}, Documents: []Document{{Kind: DocQuarantine, Number: "15-1"}}},
		Rule{Documents: []string{DocQuarantine}, Coverage: 0.95, Gap: time.Hour}, Evidence{Coverage: share(0.99), LongestGap: time.Hour}
}

func words(list []Objection) string {
	var out []string
	for _, o := range list {
		w := o.Word
		if o.Holds {
			w += "!"
		}
		if o.ZH == "" || o.EN == "" || strings.Contains(o.ZH+o.EN, "%!") {
			w += "?"
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

func TestWhatStandsAgainst(t *testing.T) {
	type change func(*Dossier, *Rule, *Evidence)
	verdict := func(v ...Verdict) change { return func(d *Dossier, _ *Rule, _ *Evidence) { d.Verdicts = v } }
	handed := func(o ...Outcome) change {
		return func(d *Dossier, _ *Rule, _ *Evidence) {
			for _, x := range o {
				d.Handovers = append(d.Handovers, Handover{Outcome: x, To: "巴图"})
			}
		}
	}
	alarms := func(a ...AlarmSeen) change { return func(_ *Dossier, _ *Rule, e *Evidence) { e.Alarms = a } }
	looked := func(i ...Inspection) change { return func(d *Dossier, _ *Rule, _ *Evidence) { d.Inspections = i } }
	for name, c := range map[string]struct {
		do   change
		want string
	}{
		"nothing":                     {func(*Dossier, *Rule, *Evidence) {}, ""},
		"a document":                  {func(_ *Dossier, r *Rule, _ *Evidence) { r.Documents = append(r.Documents, DocMeat) }, "missing-document!"},
		"coverage at its rule":        {func(_ *Dossier, _ *Rule, e *Evidence) { e.Coverage = share(0.95) }, ""},
		"coverage below":              {func(_ *Dossier, _ *Rule, e *Evidence) { e.Coverage = share(0.9499) }, "coverage-low"},
		"coverage unknown":            {func(_ *Dossier, _ *Rule, e *Evidence) { e.Coverage = nil }, "coverage-unknown"},
		"no rule, nothing known":      {func(_ *Dossier, r *Rule, e *Evidence) { *r, *e = Rule{}, Evidence{LongestGap: 24 * time.Hour} }, ""},
		"a long gap":                  {func(_ *Dossier, _ *Rule, e *Evidence) { e.LongestGap = time.Hour + time.Second }, "gap-long"},
		"an open alarm":               {alarms(AlarmSeen{Open: true}), "alarm-open"},
		"an open excursion, once":     {alarms(AlarmSeen{Open: true, Excursion: true}), "alarm-open"},
		"an excursion nobody closed":  {alarms(AlarmSeen{Excursion: true}), "excursion-not-closed"},
		"an excursion that is closed": {alarms(AlarmSeen{Excursion: true, Closed: true}), "excursion"},
		"a warning that is over":      {alarms(AlarmSeen{}), ""},
		"refused":                     {handed(Accepted, Refused), "refused"},
		"refused, then accepted":      {handed(Refused, Accepted), ""},
		"with reservation":            {handed(Reservation), "reservation"},
		"on hold":                     {verdict(Verdict{Decision: OnHold}), "on-hold"},
		"rejected":                    {verdict(Verdict{Decision: Rejected}), "rejected"},
		"rejected, one of two signed": {verdict(Verdict{Decision: OnHold}, Verdict{Decision: Rejected, Severe: true}), "on-hold"},
		"released before":             {verdict(Verdict{Decision: OnHold}, Verdict{Decision: Released}), ""},
		"inspection failed":           {looked(Inspection{At: noon, Item: "pH"}), "inspection-failed"},
		"failed, then passed":         {looked(Inspection{At: noon, Item: "pH"}, Inspection{At: noon.Add(1), Item: "pH", Pass: true}), ""},
		"passed, then failed":         {looked(Inspection{At: noon, Item: "pH", Pass: true}, Inspection{At: noon.Add(1), Item: "pH"}), "inspection-failed"},
		"another item passed":         {looked(Inspection{At: noon, Item: "pH"}, Inspection{At: noon.Add(1), Item: "TVB-N", Pass: true}), "inspection-failed"},
		"closed":                      {func(d *Dossier, _ *Rule, _ *Evidence) { d.Closed = noon }, "closed-batch!"},
	} {
		d, r, e := good()
		c.do(&d, &r, &e)
		if got := words(Against(d, r, e)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatHoldsComesFirst(t *testing.T) {
	d, r, e := good()
	d.Documents, e.Coverage = nil, nil
	if got := words(Against(d, r, e)); got != "missing-document! coverage-unknown" {
		t.Error(got)
	}
	if l := Against(d, r, e); l[0].ZH != "缺动物检疫合格证明" || l[0].EN != "animal quarantine certificate is missing" {
		t.Errorf("%+v", l[0])
	}
}

func TestDeciding(t *testing.T) {
	gap := Objection{Word: "gap-long", ZH: "缺口", EN: "gap"}
	hold := Objection{Word: "on-hold", ZH: "暂扣", EN: "hold"}
	paper := Objection{Word: "missing-document", Holds: true, ZH: "缺证", EN: "paper is missing"}
	for name, c := range map[string]struct {
		v       Verdict
		against []Objection
		severe  bool
		want    string
	}{
		"plain":                      {Verdict{Decision: Released, Reason: "x"}, nil, false, ""},
		"against a gap":              {Verdict{Decision: Released, Reason: "x"}, []Objection{gap}, true, ""},
		"out of a hold":              {Verdict{Decision: Released, Reason: "x"}, []Objection{hold}, false, ""},
		"part, against a gap":        {Verdict{Decision: PartiallyReleased, Quantity: "120 kg", Reason: "x"}, []Objection{gap}, true, ""},
		"without a paper":            {Verdict{Decision: Released, Reason: "x"}, []Objection{paper}, false, "paper is missing"},
		"on hold without a paper":    {Verdict{Decision: OnHold, Reason: "x"}, []Objection{paper}, false, ""},
		"rejected against all":       {Verdict{Decision: Rejected, Reason: "x"}, []Objection{paper, gap}, false, ""},
		"two persons, if he wants":   {Verdict{Decision: Rejected, Reason: "x", Severe: true}, nil, true, ""},
		"no reason":                  {Verdict{Decision: Released}, nil, false, "reason"},
		"no word":                    {Verdict{Decision: "maybe", Reason: "x"}, nil, false, "verdict"},
		"undecided":                  {Verdict{Decision: Undecided, Reason: "x"}, nil, false, "verdict"},
		"part without a quantity":    {Verdict{Decision: PartiallyReleased, Reason: "x"}, nil, false, "write it like"},
		"part of all":                {Verdict{Decision: PartiallyReleased, Quantity: "0.24 t", Reason: "x"}, nil, false, "of a batch that has 240 kg"},
		"part in boxes of kilograms": {Verdict{Decision: PartiallyReleased, Quantity: "999 boxes", Reason: "x"}, nil, false, ""},
		"whole with a quantity":      {Verdict{Decision: Released, Quantity: "1 kg", Reason: "x"}, nil, false, "partial"},
	} {
		d, _, _ := good()
		severe, err := Decide(d, c.v, c.against)
		holds(t, name, err, c.want)
		if severe != c.severe {
			t.Errorf("%s: severe %v", name, severe)
		}
	}
}

func TestStaysFollowOneAnother(t *testing.T) {
	h := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	for _, c := range []struct {
		stays []Custody
		want  string
	}{
		{nil, ""},
		{[]Custody{{Zone: "a/b", From: h(0), To: h(1)}, {Place: "演示村01小卖部", From: h(1), To: h(2)}, {Zone: "a/b", From: h(3)}}, ""},
		{[]Custody{{Zone: "a/b", From: h(0)}, {Zone: "a/c", From: h(1)}}, "stay 1 has no end"},
		{[]Custody{{Zone: "a/b", From: h(1), To: h(1)}}, "does not end after"},
		{[]Custody{{Zone: "a/b", From: h(0), To: h(2)}, {Zone: "a/c", From: h(1)}}, "stay 2 begins before stay 1"},
		{[]Custody{{From: h(0)}}, "one of the two"},
		{[]Custody{{Zone: "a/b", Place: "x", From: h(0)}}, "one of the two"},
		{[]Custody{{Zone: "a/b"}}, "no beginning"},
	} {
		holds(t, "stays", CheckStays(c.stays), c.want)
	}
}

func TestEveryDocumentHasAName(t *testing.T) {
	for _, k := range DocumentKinds() {
		if zh, en := DocumentName(k); zh == k || en == k {
			t.Errorf("%s has no name", k)
		}
	}
	if !slices.Contains(DocumentKinds(), DocOther) {
		t.Error("other is missing")
	}
}
