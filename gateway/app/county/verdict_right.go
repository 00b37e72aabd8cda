package county

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// noRight is the code of a decision by somebody who may not decide.
const noRight = "no-right"

// mayDecide refuses a verdict of somebody who has no right to it. Holding goods
// back is everybody's, unless they were rejected: that would take the rejection
// away. While the roster names nobody, anybody may, under the name that he gives.
func (v view) mayDecide(ctx context.Context, who state.Actor, id string, d batch.Decision) error {
	p, err := v.state.People(ctx)
	if err != nil {
		return err
	}
	if len(p.Roster.Persons) == 0 {
		return nil
	}
	if d == batch.OnHold {
		dossier, err := v.state.Dossier(ctx, id)
		if err != nil {
			return err
		}
		if batch.InForce(dossier.Verdicts).Decision != batch.Rejected {
			return nil
		}
	}
	return allowed(p.Roster.Deciders(), who, "判定", "decide on goods")
}

// maySign refuses the signature of somebody who has no right to it.
func (v view) maySign(ctx context.Context, who state.Actor) error {
	p, err := v.state.People(ctx)
	if err != nil || len(p.Roster.Persons) == 0 {
		return err
	}
	return allowed(p.Roster.Signers(), who, "签字", "sign decisions on goods")
}

// allowed names those who may to somebody who may not.
func allowed(who []duty.Person, by state.Actor, zh, en string) error {
	if by.Kind == state.Person && slices.ContainsFunc(who, func(p duty.Person) bool { return p.ID == by.ID }) {
		return nil
	}
	if len(who) == 0 {
		return &web.Refused{Code: noRight, Status: http.StatusForbidden, ZH: "人员名单里没有质检员，也没有县级值班，没人能" + zh + "：请先在名单里写上", EN: "the roster names no quality officer and nobody on duty at the county, so nobody may " + en + ": name one first"}
	}
	var names []string
	for _, p := range who {
		names = append(names, p.Name)
	}
	return &web.Refused{Code: noRight, Status: http.StatusForbidden, ZH: "您没有" + zh + "的权限；可以找" + strings.Join(names, "、"), EN: "you may not " + en + "; these may: " + strings.Join(names, ", ")}
}
