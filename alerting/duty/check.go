package duty

import (
	"fmt"
	"strings"
	"time"
)

// Lack is something that the roster cannot do for a site.
type Lack struct {
	Site string
	Text string // one sentence for people
	ZH   string // the same in Chinese
}

// Lacks reports where too few people are behind a site: the check that a
// county makes before it trusts its chain. It looks at who is there at all, not
// at who is on duty; somebody who is away now is not there.
func Lacks(now time.Time, r Roster, p Plan, sites []string) []Lack {
	e := &evaluation{now: now, s: Situation{Roster: r, Plan: p, Location: time.UTC}}
	e.remember()
	e.meet()
	var out []Lack
	for _, site := range sites {
		lack := func(zh, en string) { out = append(out, Lack{site, en, zh}) }
		named := map[string]bool{}
		for i, stage := range p.Critical.Stages {
			empty := true
			for _, role := range stage.Roles {
				on, off := e.holders(role, site, true)
				for _, x := range append(on, off...) {
					named[x.ID] = true
					empty = false
				}
			}
			if empty {
				lack(fmt.Sprintf("%s：现在联系不到%s，第 %d 级直接转到下一级", site, rolesInChinese(stage.Roles), i+1),
					fmt.Sprintf("nobody who can be reached now is %v for %s: stage %d goes to the next one at once", stage.Roles, site, i+1))
			}
		}
		if len(named) < p.LeastNamed {
			lack(fmt.Sprintf("%s：超温只能通知到 %d 人，至少要 %d 人，最后会补上其他人", site, len(named), p.LeastNamed),
				fmt.Sprintf("an excursion in %s reaches %d people by the chain; want at least %d, so others are added at its end", site, len(named), p.LeastNamed))
		}
	}
	for _, x := range r.Persons {
		if x.Phone == "" && !x.Has(Quality) {
			out = append(out, Lack{"", fmt.Sprintf("%s (%s) has no telephone number: no call and no short message", x.Name, x.ID),
				fmt.Sprintf("%s（%s）没有电话号码：打不了电话，也发不了短信", x.Name, x.ID)})
		}
	}
	return out
}

func rolesInChinese(roles []Role) string {
	words := map[Role]string{Keeper: "库管", Deputy: "副库管", CountyDuty: "县值班", Repairer: "制冷维修", Manager: "负责人", Quality: "质检", Driver: "司机"}
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = words[r]
	}
	return strings.Join(out, "、")
}
