package webtest

import (
	"context"
	"fmt"

	"coldchain/gateway/access"
	"coldchain/gateway/door"
	"coldchain/gateway/slowhash"
	county "coldchain/gateway/state"
)

// Password is that of all made-up users, who need not change it.
const Password = "blue kettle nine rivers"

// users are one of each role. They do not exist.
func users() []county.User {
	at := func(role access.Role, sites ...string) []access.Grant {
		return []access.Grant{{Role: role, Sites: sites}}
	}
	return []county.User{
		{ID: "admin", Name: "管理员", Grants: at(access.Admin)},
		{ID: "keeper", Name: "其其格", Person: "qiqige", Grants: at(access.Manager, "balagong", "jirigalangtu")},
		{ID: "driver", Name: "司机", Grants: at(access.Driver, "truck-1")},
		{ID: "quality", Name: "质检员", Grants: at(access.Quality)},
		{ID: "inspector", Name: "检查人员", Grants: at(access.Inspector)},
		{ID: "viewer", Name: "看一看", Grants: at(access.Viewer)},
		{ID: "owner", Name: "货主", Grants: []access.Grant{{Role: access.Owner, Party: "示例养殖合作社"}}},
	}
}

// UserNames are what they type to sign in.
func UserNames() (out []string) {
	for _, u := range users() {
		out = append(out, u.ID)
	}
	return out
}

// Users makes them.
func Users(ctx context.Context, book *county.DB, in *door.Door, password access.Password) error {
	by := county.Actor{Kind: county.System, ID: "devserver"}
	hash := slowhash.Hash(string(password), access.Cost())
	for _, u := range users() {
		if _, err := in.AddBy(ctx, by, u); err != nil {
			return fmt.Errorf("user %s: %w", u.ID, err)
		}
		if err := book.SetPassword(ctx, by, u.ID, hash, false, ""); err != nil {
			return err
		}
	}
	return nil
}
