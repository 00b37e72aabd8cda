package config

import (
	"strings"
	"testing"
)

// TestMonthlyReport: without recipients a person sends it; recipients need an
// e-mail channel, and addresses.
func TestMonthlyReport(t *testing.T) {
	channels := map[string]Channel{"mail": {Email: &Email{}}, "robot": {WeCom: &WeCom{}}}
	for _, c := range []struct {
		m    MonthlyReport
		want string
	}{
		{MonthlyReport{}, ""},
		{MonthlyReport{Channel: "mail", To: []string{"a@example.com"}}, ""},
		{MonthlyReport{Channel: "robot", To: []string{"a@example.com"}}, "monthly_report.channel"},
		{MonthlyReport{To: []string{"a@example.com"}}, "monthly_report.channel"},
		{MonthlyReport{Channel: "mail"}, "monthly_report.to"},
		{MonthlyReport{Channel: "mail", To: []string{"A <a@example.com>"}}, "is not an address"},
	} {
		r := &report{}
		(&County{Notify: Notify{Channels: channels}, MonthlyReport: c.m}).checkMonthlyReport(r)
		var said []string
		for _, p := range r.problems {
			said = append(said, p.String())
		}
		if text := strings.Join(said, "; "); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %q, want %q", c.m, text, c.want)
		}
	}
}
