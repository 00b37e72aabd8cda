package batch

import (
	"slices"
	"strconv"
	"time"
)

// Rule is what a product profile asks before a batch of it is released.
type Rule struct {
	Documents []string // kinds that must be there
	// Coverage is the least share of the monitored time with good readings, 0 to
	// 1, and Gap the longest time without one. Zero: the profile asks nothing.
	Coverage float64
	Gap      time.Duration
}

// DefaultRule is asked of goods whose profile says nothing [E]: nine tenths of
// the time known, and no gap of more than two hours.
func DefaultRule() Rule { return Rule{Coverage: 0.9, Gap: 2 * time.Hour} }

// Evidence is what is known of a batch's way when a verdict is asked for.
type Evidence struct {
	// Coverage and LongestGap are of its exposure; a nil Coverage means that
	// nobody has worked it out, or that no time was monitored.
	Coverage   *float64
	LongestGap time.Duration
	Exposure   int // version of the exposure; 0: none
	// Alarms are those of its stays.
	Alarms []AlarmSeen
}

// AlarmSeen is an alarm that named the batch.
type AlarmSeen struct {
	ID        string
	Excursion bool // beyond a limit of goods at the level of an excursion
	Open      bool // present, or nobody has answered it
	Closed    bool // somebody has written down cause, action and outcome
}

// Objection is one thing that stands against releasing a batch.
type Objection struct {
	// Word is fixed: missing-document, coverage-unknown, coverage-low, gap-long,
	// alarm-open, excursion, excursion-not-closed, refused, reservation, on-hold,
	// rejected, inspection-failed, closed-batch.
	Word string `json:"word"`
	// Holds says that no reason settles it: what is missing has to come first.
	Holds bool   `json:"holds"`
	ZH    string `json:"zh"`
	EN    string `json:"en"`
}

// documentNames are the kinds of documents as people call them.
var documentNames = map[string][2]string{
	DocQuarantine: {"动物检疫合格证明", "animal quarantine certificate"},
	DocMeat:       {"肉品品质检验合格证", "meat inspection certificate"},
	DocPromise:    {"承诺达标合格证", "conformity promise"},
	DocTest:       {"检验报告", "test report"},
	DocOther:      {"其他单证", "another document"},
}

// DocumentKinds are the words of all kinds of documents.
func DocumentKinds() []string {
	return []string{DocQuarantine, DocMeat, DocPromise, DocTest, DocOther}
}

// DocumentName is what a kind of document is called in both languages.
func DocumentName(kind string) (zh, en string) {
	if n, ok := documentNames[kind]; ok {
		return n[0], n[1]
	}
	return kind, kind
}

// Against lists what stands against releasing a batch, what holds it first.
func Against(d Dossier, r Rule, e Evidence) (out []Objection) {
	add := func(holds bool, word string, err error) {
		f := err.(*Fault) // fault makes nothing else
		out = append(out, Objection{word, holds, f.ZH, f.EN})
	}
	for _, kind := range r.Documents {
		if !slices.ContainsFunc(d.Documents, func(x Document) bool { return x.Kind == kind }) {
			zh, en := DocumentName(kind)
			add(true, "missing-document", fault("缺%[1]s", "%[2]s is missing", zh, en))
		}
	}
	againstPeople(d, add)
	againstAlarms(e, add)
	againstGaps(r, e, add)
	return out
}

// againstPeople is what people wrote down.
func againstPeople(d Dossier, add func(bool, string, error)) {
	if n := len(d.Handovers); n > 0 { // the last one stands
		switch h := d.Handovers[n-1]; h.Outcome {
		case Refused:
			add(false, "refused", fault("最近一次交接被 %[1]s 拒收", "%[1]s refused it at the last handover", h.To))
		case Reservation:
			add(false, "reservation", fault("最近一次交接有保留：%[1]s", "the last handover was with reservation: %[1]s", h.Note))
		}
	}
	for _, i := range d.Inspections {
		if !i.Pass && !laterPass(d.Inspections, i) {
			add(false, "inspection-failed", fault("检验项目“%[1]s”不合格：%[2]s（限 %[3]s）", "inspection of %[1]q failed: %[2]s (limit %[3]s)", i.Item, i.Value, i.Limit))
		}
	}
	switch v := InForce(d.Verdicts); v.Decision {
	case OnHold:
		add(false, "on-hold", fault("已暂扣：%[1]s", "on hold: %[1]s", v.Reason))
	case Rejected:
		add(false, "rejected", fault("已判不合格：%[1]s", "rejected: %[1]s", v.Reason))
	}
	if !d.Closed.IsZero() {
		add(true, "closed-batch", fault("批次已关闭", "the batch is closed"))
	}
}

// laterPass reports whether the same item was looked at again and passed.
func laterPass(all []Inspection, failed Inspection) bool {
	return slices.ContainsFunc(all, func(i Inspection) bool { return i.Pass && i.Item == failed.Item && i.At.After(failed.At) })
}

func againstAlarms(e Evidence, add func(bool, string, error)) {
	open, excursions, unclosed := 0, 0, 0
	for _, a := range e.Alarms {
		switch {
		case a.Open:
			open++
		case a.Excursion && !a.Closed:
			unclosed++
		case a.Excursion:
			excursions++
		}
	}
	if open > 0 {
		add(false, "alarm-open", fault("还有 %[1]d 个报警没有结束或没人处理", "%[1]d alarms are not over, or nobody has answered them", open))
	}
	if unclosed > 0 {
		add(false, "excursion-not-closed", fault("有 %[1]d 次超限还没有写处理结果", "of %[1]d excursions nobody has written down what was done", unclosed))
	}
	if excursions > 0 {
		add(false, "excursion", fault("途中有 %[1]d 次超限", "there were %[1]d excursions on its way", excursions))
	}
}

func againstGaps(r Rule, e Evidence, add func(bool, string, error)) {
	switch {
	case r.Coverage == 0:
	case e.Coverage == nil:
		add(false, "coverage-unknown", fault("监测覆盖率还没有算出来", "its coverage is not known"))
	case *e.Coverage < r.Coverage:
		add(false, "coverage-low", fault("监测覆盖率 %[1]s%%，要求至少 %[2]s%%", "coverage is %[1]s %%; at least %[2]s %% are asked for", percent(*e.Coverage), percent(r.Coverage)))
	}
	if r.Gap > 0 && e.LongestGap > r.Gap {
		add(false, "gap-long", fault("最长缺口 %[1]d 分钟，最多允许 %[2]d 分钟", "the longest gap is %[1]d minutes; at most %[2]d are allowed",
			int(e.LongestGap.Minutes()), int(r.Gap.Minutes())))
	}
}

// percent writes a share rounded down: 99.96 % of the time is not all of it.
func percent(share float64) string {
	return strconv.FormatFloat(float64(int(share*1000))/10, 'f', -1, 64)
}

// InForce is the verdict that holds: the newest one that is not waiting for its
// second person. Without one it is undecided.
func InForce(all []Verdict) Verdict {
	for _, v := range slices.Backward(all) {
		if v.Holds() {
			return v
		}
	}
	return Verdict{Decision: Undecided}
}

// Holds reports whether nobody else has to sign a verdict.
func (v Verdict) Holds() bool { return !v.Severe || v.Second != "" }

// Decide checks a verdict that somebody wants to give and says whether it needs
// a second person: releasing against anything that stands, or after a rejection,
// does. The error is a *Fault. What holds a release cannot be signed away.
func Decide(d Dossier, v Verdict, against []Objection) (severe bool, err error) {
	switch v.Decision {
	case OnHold, Rejected, Released, PartiallyReleased:
	default:
		return false, fault("判定 %.30[1]q 不认识：应为 released、partially-released、on-hold 或 rejected", "verdict %.30[1]q: want released, partially-released, on-hold or rejected", string(v.Decision))
	}
	if v.Reason == "" {
		return false, fault("请写理由", "give the reason")
	}
	release := v.Decision == Released || v.Decision == PartiallyReleased
	if err := checkReleased(d, v); err != nil {
		return false, err
	}
	if !release {
		return v.Severe, nil
	}
	for _, o := range against {
		if o.Holds {
			return false, fault("不能放行：%[1]s。请先补齐", "it cannot be released: %[2]s. See to that first", o.ZH, o.EN)
		}
	}
	// That it was on hold is over with this verdict, if nothing else stands.
	rest := slices.ContainsFunc(against, func(o Objection) bool { return o.Word != "on-hold" })
	return v.Severe || rest, nil
}

func checkReleased(d Dossier, v Verdict) error {
	if v.Decision != PartiallyReleased {
		if v.Quantity != "" {
			return fault("只有部分放行才写数量", "a quantity belongs to a partial release only")
		}
		return nil
	}
	part, ok := ParseQuantity(v.Quantity)
	if !ok {
		return fault("部分放行的数量 %.40[1]q 看不懂，应写成 “120 kg” 或 “12 箱”", "released quantity %.40[1]q: write it like \"120 kg\" or \"12 boxes\"", v.Quantity)
	}
	whole, ok := ParseQuantity(d.Quantity)
	if ok && whole.Unit == part.Unit && part.Milli >= whole.Milli {
		return fault("部分放行 %[1]s，而整批只有 %[2]s", "a part of %[1]s is released of a batch that has %[2]s", part, whole)
	}
	return nil
}
