package far

import (
	"coldchain/alerting/notify"

	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Meaning is what one of a far end's codes stands for.
type Meaning struct {
	Class        notify.Class
	RetryAfter   time.Duration // by the far end's documented rule; what its answer says comes first
	PerRecipient bool
	Advice       string // for the person who has to mend it
}

// CheckClock is the advice where a signature was refused: it holds the time,
// and far ends do not always say whether the time or the key is wrong.
const CheckClock = "check this machine's clock, then the secret"

// Coded is the failure that a far end's code stands for. A code that meanings
// does not know is temporary: trying again costs little, giving up may cost a
// night. said is the far end's explanation.
func (a Answer) Coded(who, code, said string, meanings map[string]Meaning, secrets ...notify.Secret) *notify.Error {
	m, known := meanings[code]
	if !known {
		m.Class = notify.Temporary
		if !a.OK() {
			r := a.Refusal(who, secrets...)
			m.Class = r.Class
		}
	}
	e := &notify.Error{Class: m.Class, Code: notify.FarText(code, secrets...), RetryAfter: m.RetryAfter, PerRecipient: m.PerRecipient}
	if a.RetryAfter > 0 {
		e.RetryAfter = a.RetryAfter
	}
	advice := ""
	if m.Advice != "" {
		advice = "; " + m.Advice
	}
	e.Err = fmt.Errorf("%s refused the message: %s%s", who, quoted([]byte(said), secrets), advice)
	return e
}

// PostJSON builds a POST of v. Its error does not repeat the address, which
// may hold a key.
func PostJSON(address string, v any) (*http.Request, error) {
	body, err := notify.JSON(v)
	if err != nil {
		return nil, notify.Failed(notify.Refused, "encode the message: %w", err)
	}
	req, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, notify.Failed(notify.Configuration, "the address cannot be used")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return req, nil
}

// CheckEndpoint demands an http or https address with a host and nothing after
// the path. Its error does not repeat the address.
func CheckEndpoint(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("the endpoint is not of the form https://HOST/PATH")
	}
	return nil
}
