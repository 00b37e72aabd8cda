package web

import (
	"testing"

	"coldchain/alerting/duty"
)

func TestEveryClosingCodeHasWords(t *testing.T) {
	for _, w := range append(append(closingWordsOf(duty.Causes()), closingWordsOf(duty.Actions())...), closingWordsOf(duty.Outcomes())...) {
		if w.ZH == "" || w.EN == "" {
			t.Errorf("%s has no words", w.Code)
		}
	}
}
