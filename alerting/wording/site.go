package wording

import "coldchain/alerting"

// What says in a few words what a rule means, for a page.
func (l Language) What(rule alerting.RuleName) string { return l.what(rule) }
