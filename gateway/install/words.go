package install

import (
	"strings"

	"coldchain/gateway/words"
	"coldchain/sensors"
)

// Text is a text for people.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Language is the one that a terminal is written in.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// LanguageOf reads a language from what a locale is called: zh_CN.UTF-8.
// Everything that is not Chinese is English.
func LanguageOf(locale string) Language {
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		return Chinese
	}
	return English
}

// Of picks the language's words.
func (l Language) Of(t Text) string {
	if l == Chinese {
		return t.ZH
	}
	return t.EN
}

// Reason says in words why a reading is not good and what to look at. A reason
// that has no words yet shows as it is.
func Reason(r sensors.Reason) Text {
	why, ok := words.Reason(r)
	if !ok {
		return Text{string(r), string(r)}
	}
	check := words.Check(r)
	if check.EN == "" {
		return Text{why.ZH, why.EN}
	}
	return Text{why.ZH + "：" + check.ZH, why.EN + ": " + check.EN}
}

// Quality in words.
func Quality(q sensors.Quality) Text {
	switch q {
	case sensors.Good:
		return Text{"正常", "good"}
	case sensors.Uncertain:
		return Text{"存疑", "uncertain"}
	}
	return Text{"坏", "bad"}
}

// Unit as people write it.
func Unit(q sensors.Quantity) string {
	switch q.Unit() {
	case sensors.Celsius:
		return "°C"
	case sensors.LatDegree, sensors.LonDegree:
		return "°"
	case sensors.Ratio:
		return ""
	}
	return string(q.Unit())
}
