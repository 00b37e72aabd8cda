package wire

import "testing"

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"senders/a/#", "senders/a/b/c", true},
		{"senders/a/#", "senders/a", true},
		{"senders/a/#", "senders/b/x", false},
		{"tele/+/SENSOR", "tele/mutton/SENSOR", true},
		{"tele/+/SENSOR", "tele/mutton/STATE", false},
		{"tele/+/SENSOR", "tele/mutton/x/SENSOR", false},
		{"tele/+", "tele/", true},
		{"tele", "tele/x", false},
		{"tele/x", "tele", false},
		{"+/x", "$SYS/x", false},
		{"a/+", "a/+", true}, // a topic has no wildcards: a plus is a plus
	} {
		if got := MatchFilter(c.filter, c.topic); got != c.want {
			t.Errorf("%s catches %s: %v, want %v", c.filter, c.topic, got, c.want)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"coldchain/#", "+/v1/x", true},
		{"coldchain/#", "#", true},
		{"coldchain/#", "coldchain", true},
		{"coldchain/#", "senders/#", false},
		{"tele/+/SENSOR", "tele/x/+", true},
		{"tele/+/SENSOR", "tele/x/STATE", false},
		{"tele/+/SENSOR", "tele/x", false},
		{"a/b", "a/b", true},
		{"a/+", "a/b/#", true}, // a/b
	} {
		if got := FiltersOverlap(c.a, c.b); got != c.want {
			t.Errorf("%s and %s overlap: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := FiltersOverlap(c.b, c.a); got != c.want {
			t.Errorf("%s and %s overlap: %v, want %v", c.b, c.a, got, c.want)
		}
	}
	for _, good := range []string{"a", "a/+/b", "#", "+", "a/#", "库/温度"} {
		if err := CheckFilter(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a/#/b", "a+/b", "a/b#", "$share/g/a", "a\nb", "a\xff"} {
		if CheckFilter(bad) == nil {
			t.Errorf("%q was taken for a filter", bad)
		}
	}
}
