package demo

import (
	"context"
	"fmt"
	"strings"

	"coldchain/gateway/access"
	"coldchain/gateway/slowhash"
	"coldchain/gateway/state"
)

// password is that of the demonstration's users. It is printed, and so it is none.
const password = "demo"

// users are one of each role; they do not exist. Each sees another county.
func (c *County) users() []state.User {
	at := func(role access.Role, sites ...string) []access.Grant {
		return []access.Grant{{Role: role, Sites: sites}}
	}
	return []state.User{
		{ID: "admin", Name: "演示管理员", Grants: at(access.Admin)},
		{ID: "manager", Name: "演示库管", Grants: at(access.Manager, "balagong")},
		{ID: "driver", Name: "演示司机", Grants: at(access.Driver, idleTruck)},
		{ID: "quality", Name: "演示质检员", Grants: at(access.Quality)},
		{ID: "inspector", Name: "演示检查员", Grants: at(access.Inspector)},
		{ID: "viewer", Name: "演示访客", Grants: at(access.Viewer)},
		{ID: "owner", Name: "演示货主", Grants: []access.Grant{{Role: access.Owner, Party: owners[0]}}},
	}
}

// letIn makes the users and says who they are.
func (s *show) letIn(ctx context.Context) error {
	by := state.Actor{Kind: state.System, ID: "demo"}
	hash := slowhash.Hash(password, access.Cost())
	var names []string
	for _, u := range s.county.users() {
		names = append(names, u.ID)
		if s.kept != nil { // they are there, and perhaps changed
			continue
		}
		if _, err := s.app.Door().AddBy(ctx, by, u); err != nil {
			return fmt.Errorf("demo: user %s: %w", u.ID, err)
		}
		// What is printed for everybody needs no change at the first sign-in.
		if err := s.app.State().SetPassword(ctx, by, u.ID, hash, false, ""); err != nil {
			return fmt.Errorf("demo: user %s: %w", u.ID, err)
		}
	}
	s.say("登录 Sign in: %s；密码 password: %s", strings.Join(names, ", "), password)
	return nil
}
