package tool

import (
	"fmt"
	"io"
	"strings"
	"time"

	"coldchain/alerting/exposure"
	county "coldchain/gateway/exposure"
	"coldchain/gateway/install"
	"coldchain/gateway/logger"
)

// assessText are the words of an assessment for people.
type assessText struct {
	head, span, values, noMKT, above, below, none, peak, coverage, gap, more, life, left, noLife, hint, note, method string
	methods                                                                                                          map[exposure.Method]string
	decisions                                                                                                        map[string]string
}

func assessWords(l install.Language) assessText {
	if l == install.Chinese {
		return assessText{
			head: "%s：%d 个读数，列“%s”，°%s", span: "%s 至 %s，共 %s，间隔 %s", values: "最低 %.2f °C，最高 %.2f °C，平均 %.2f °C（标准差 %.2f），MKT %s",
			noMKT: "—", above: "高于 %g °C", below: "低于 %g °C", none: "%s：没有", peak: "%s：共 %s，%d 次，最长 %s，%.1f 度·分钟，最远 %.2f °C",
			coverage: "覆盖率 %.1f %%，缺口 %d 个", gap: "  %s 至 %s，%s", more: "  …另有 %d 个", life: "货架期已用 %.1f %%（计入缺口最多 %.1f %%）", left: "，在 %g °C 下还剩 %.1f 天",
			noLife: "该产品档案没有货架期模型", hint: "提示：%s（判定由人作出）", note: "注意：%s", method: "方法：%s",
			methods:   map[exposure.Method]string{exposure.Step: "阶梯（读数保持到下一个）", exposure.Trapezoid: "梯形（读数之间为直线）"},
			decisions: map[string]string{"released": "可以放行", "on-hold": "先扣留", "rejected": "应拒收"},
		}
	}
	return assessText{
		head: "%s: %d readings, column %q, °%s", span: "%s to %s, %s, every %s", values: "lowest %.2f °C, highest %.2f °C, mean %.2f °C (SD %.2f), MKT %s",
		noMKT: "-", above: "above %g °C", below: "below %g °C", none: "%s: never", peak: "%s: %s in all, %d times, longest %s, %.1f degree-minutes, worst %.2f °C",
		coverage: "coverage %.1f %%, %d gaps", gap: "  %s to %s, %s", more: "  … and %d more", life: "shelf life used %.1f %% (at most %.1f %%, counting gaps)", left: ", at %g °C %.1f days left",
		noLife: "the profile has no model of shelf life", hint: "hint: %s (a person decides)", note: "note: %s", method: "method: %s",
		methods:   map[exposure.Method]string{exposure.Step: "step (a reading holds until the next)", exposure.Trapezoid: "trapezoid (a straight line between readings)"},
		decisions: map[string]string{"released": "release", "on-hold": "put on hold", "rejected": "reject"},
	}
}

// gapsShown is how many gaps are listed for people; JSON has all.
const gapsShown = 20

func writeAssessment(w io.Writer, l install.Language, file string, log logger.Log, a county.Assessment, zone *time.Location) error {
	t := assessWords(l)
	pick := func(zh, en string) string {
		if l == install.Chinese {
			return zh
		}
		return en
	}
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	stamp := func(at time.Time) string { return at.In(zone).Format("2006-01-02 15:04:05 -07:00") }
	s := a.Summary
	say(t.head, file, s.Points, log.Column, strings.ToUpper(string(log.Unit)))
	say(t.span, stamp(s.Start), stamp(s.End), seconds(s.DurationS), seconds(s.IntervalS))
	mkt := t.noMKT
	if s.MKTC != nil {
		mkt = fmt.Sprintf("%.2f °C", *s.MKTC)
	}
	if s.MeanC != nil {
		say(t.values, *s.MinC, *s.MaxC, *s.MeanC, *s.SDC, mkt)
	}
	side := func(name string, x *exposure.Side) {
		switch {
		case x == nil:
		case x.PeakC == nil:
			say(t.none, fmt.Sprintf(name, x.LimitC))
		default:
			say(t.peak, fmt.Sprintf(name, x.LimitC), seconds(x.Seconds), x.Events, seconds(x.LongestS), x.DegreeMinutes, *x.PeakC)
		}
	}
	side(t.above, s.Above)
	side(t.below, s.Below)
	say(t.coverage, 100*s.Coverage, len(s.Gaps))
	for i, g := range s.Gaps {
		if i == gapsShown {
			say(t.more, len(s.Gaps)-i)
			break
		}
		say(t.gap, stamp(g.From), stamp(g.To), seconds(g.Seconds))
	}
	if a.Hint != nil {
		t.goods(say, a)
		for _, r := range a.Hint.Reasons {
			say("  %s", pick(r.ZH, r.EN))
		}
	}
	say(t.method, t.methods[s.Method])
	for _, n := range log.Notes {
		say(t.note, pick(n.ZH, n.EN))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// goods tells what the profile says.
func (t assessText) goods(say func(string, ...any), a county.Assessment) {
	if a.Life == nil {
		say(t.noLife)
	} else {
		line := fmt.Sprintf(t.life, 100*a.Life.Used, 100*a.Life.UsedMax)
		if a.Life.RemainingDays != nil {
			line += fmt.Sprintf(t.left, a.Life.ReferenceC, *a.Life.RemainingDays)
		}
		say("%s", line)
		for _, n := range a.Life.Notes {
			say(t.note, n)
		}
	}
	say(t.hint, t.decisions[string(a.Hint.Decision)])
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Second)
}
