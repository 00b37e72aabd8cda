package web

import "coldchain/gateway/words"

// closingWord is a code that can be chosen when an alarm is closed.
type closingWord struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

func closingWordsOf[T ~string](codes []T) []closingWord {
	out := make([]closingWord, 0, len(codes))
	for _, c := range codes {
		w, _ := words.Closing(string(c)) // every code has some: a test looks
		out = append(out, closingWord{string(c), w.ZH, w.EN})
	}
	return out
}
