package config

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// The functions here read one value and, when it is not right, return what is
// wrong with it and what would be right; what is empty when all is well.

const maxText = 300 // characters; names and addresses are far shorter

// checkText accepts a YAML string of one line. secret keeps the text out of the
// message.
func checkText(n *yaml.Node, secret bool) (what, want string) {
	switch {
	case n.ShortTag() != "!!str":
		if secret {
			return "is not text", "put it in double quotes"
		}
		return fmt.Sprintf("%.60s is not text", n.Value), fmt.Sprintf("put it in quotes: %.60q", n.Value)
	case len([]rune(n.Value)) > maxText:
		return "is too long", fmt.Sprintf("at most %d characters", maxText)
	case strings.ContainsFunc(n.Value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "holds a line break or another control character", "write it on one line"
	}
	return "", ""
}

// secretPlace reports whether the value at p says where a secret is, or is one
// that was put there by mistake.
func secretPlace(p place) bool {
	for _, key := range []string{"password_file", "token_file", "secret_file", "key_file", "hook_file", "url_file"} {
		if strings.HasSuffix(string(p), key) {
			return true
		}
	}
	return false
}

var (
	plainNumber = regexp.MustCompile(`^[-+]?[0-9]+$`)
	spelledTime = regexp.MustCompile(`^([0-9]+)\s*([a-zA-Z]+|秒|分钟?|小时|天)$`)
	timeUnits   = map[string]time.Duration{
		"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second, "秒": time.Second,
		"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute, "分": time.Minute, "分钟": time.Minute,
		"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "小时": time.Hour,
		"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "天": 24 * time.Hour,
	}
)

// parseDuration accepts Go's notation, 90s, 15m, 720h, 1h30m: always with a unit.
func parseDuration(s string) (d time.Duration, what, want string) {
	const example = "write for example 90s, 15m or 24h"
	if plainNumber.MatchString(s) {
		if s == "0" {
			return 0, "0 has no unit", "write 0s"
		}
		return 0, fmt.Sprintf("%.20s has no unit", s), fmt.Sprintf("write %.20ss if seconds are meant", s)
	}
	d, err := time.ParseDuration(s)
	if err == nil {
		if d < 0 {
			return 0, fmt.Sprintf("%.20s is negative", s), example
		}
		return d, "", ""
	}
	if m := spelledTime.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		unit, known := timeUnits[strings.ToLower(m[2])]
		if n, err := strconv.Atoi(m[1]); known && err == nil && n < 1_000_000 {
			return 0, fmt.Sprintf("%.20q is not a duration as it is written here", s), "write " + duration(time.Duration(n)*unit)
		}
	}
	return 0, fmt.Sprintf("%.20q is not a duration", s), example
}

// duration writes 15m0s as 15m and 720h0m0s as 720h.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// withUnit is a number as people write it beside a unit: -17C, −17 ℃, 1.4°F,
// 85 %RH, -17,5.
var withUnit = regexp.MustCompile(`^([-+−]?[0-9]+(?:[.,][0-9]+)?)\s*(°\s*[CcFf]|[CcFfKk]|℃|℉|[Cc]el|度|%(?:\s*RH)?|)$`)

// parseNumber accepts a finite number without a unit; the unit is fixed by the
// quantity.
func parseNumber(n *yaml.Node) (f float64, what, want string) {
	if tag := n.ShortTag(); tag == "!!float" || tag == "!!int" {
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return 0, fmt.Sprintf("%.20s is not a number that can be used", n.Value), "write for example -17 or 4.5"
		}
		return f, "", ""
	}
	m := withUnit.FindStringSubmatch(strings.TrimSpace(n.Value))
	if m == nil {
		return 0, fmt.Sprintf("%.20q is not a number", n.Value), "write for example -17 or 4.5"
	}
	number := strings.NewReplacer("−", "-", ",", ".").Replace(m[1])
	switch unit := strings.ToUpper(strings.ReplaceAll(m[2], " ", "")); {
	case strings.HasSuffix(unit, "F") || unit == "℉":
		fahrenheit, _ := strconv.ParseFloat(number, 64)
		celsius := math.Round((fahrenheit-32)/1.8*100) / 100
		return 0, fmt.Sprintf("%.20q is in Fahrenheit", n.Value), fmt.Sprintf("limits are in °C: write %g", celsius)
	case unit == "K":
		return 0, fmt.Sprintf("%.20q is in kelvin", n.Value), "limits are in °C, without the unit: write for example -17"
	case unit == "":
		return 0, fmt.Sprintf("%.20q is not a number as it is written here", n.Value), "write " + number
	}
	return 0, fmt.Sprintf("%.20q has a unit", n.Value), "the quantity sets the unit (°C, %RH): write " + number
}

// parseWhole accepts a whole number that fits, decimal or 0x hexadecimal.
func parseWhole(n *yaml.Node, bits int, fits string) (u uint64, what, want string) {
	if n.ShortTag() == "!!int" {
		if len(n.Value) > 1 && n.Value[0] == '0' && n.Value[1] >= '0' && n.Value[1] <= '9' {
			return 0, fmt.Sprintf("%.20s is read as octal by some and as decimal by others", n.Value), "write it without the leading 0"
		}
		if u, err := strconv.ParseUint(n.Value, 0, bits); err == nil {
			return u, "", ""
		}
		return 0, fmt.Sprintf("%.20s is out of range", n.Value), fits
	}
	if u, err := strconv.ParseUint(n.Value, 0, bits); err == nil {
		return 0, fmt.Sprintf("%.20q is text", n.Value), fmt.Sprintf("remove the quotes: %d", u)
	}
	return 0, fmt.Sprintf("%.20q is not a whole number", n.Value), fits
}

// What the whole numbers of the files are: slaves, addresses, and others.
const (
	slaveRange   = "want 1 to 247, as set on the device"
	addressRange = "want 0x08 to 0x77, e.g. 0x44"
)

func wholeRange(p place, bits int) string {
	switch {
	case strings.HasSuffix(string(p), "slave"):
		return slaveRange
	case strings.HasSuffix(string(p), "address"):
		return addressRange
	}
	return fmt.Sprintf("want a whole number from 0 to %d", uint64(1)<<bits-1)
}
