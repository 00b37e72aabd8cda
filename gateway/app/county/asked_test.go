package county

import (
	"net/http"
	"testing"
	"time"

	"coldchain/gateway/access"
	"coldchain/gateway/web"
)

// ask reads something from a county's page as a program that holds the county's
// token, or one of its own.
func ask(t testing.TB, app *App, path string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tokenOf(t, app))
	return http.DefaultClient.Do(req)
}

func tokenOf(t testing.TB, app *App) string {
	t.Helper()
	token, err := secretFrom(app.cfg.Web.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		return token
	}
	_, secret, err := app.door.MakeToken(t.Context(), web.Actor{Via: "test"},
		web.Token{Name: "test", Grants: []access.Grant{{Role: access.Admin}}, ReadOnly: true, Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return string(secret)
}
