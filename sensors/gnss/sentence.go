package gnss

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// longest is the most a sentence may have between $ and line end. NMEA 0183
// allows 82 characters; some receivers exceed that a little.
const longest = 120

// uere is the range error that a dilution of precision is multiplied with:
// gpsd's H_UERE_NO_DGPS, 15 m at 95 %.
const uere = 15

// sentence is what a position sentence says.
type sentence struct {
	day   time.Time     // midnight UTC of the date; zero when the sentence has none
	tod   time.Duration // time of day, UTC
	timed bool
	none  bool // the sentence says that there is no fix
	// A fix.
	estimated           bool // dead reckoning
	latitude, longitude float64
	hdop                float64 // 0 when not said
	satellites          int     // -1 when not said
}

var (
	errChecksum = errors.New("checksum is missing or wrong")
	errFields   = errors.New("fields are missing")
	// errNotOurs is a whole sentence that says nothing about the position.
	errNotOurs = errors.New("not a position sentence")
)

// knownTalker lists the satellite systems: GPS, several, GLONASS, Galileo,
// BeiDou (NMEA 4.11 says GB, older Chinese receivers BD), QZSS.
func knownTalker(t string) bool {
	switch t {
	case "GP", "GN", "GL", "GA", "GB", "BD", "GQ":
		return true
	}
	return false
}

// parseSentence reads one line, from the $ to before the line end. The
// checksum is required. The error is errNotOurs for a sound sentence of another
// kind or talker.
func parseSentence(line []byte) (sentence, error) {
	body, ok := checked(line)
	if !ok {
		return sentence{}, errChecksum
	}
	address, rest, _ := strings.Cut(string(body), ",")
	if len(address) != 5 || !knownTalker(address[:2]) {
		return sentence{}, errNotOurs
	}
	f := strings.Split(rest, ",")
	switch address[2:] {
	case "RMC":
		return parseRMC(f)
	case "GGA":
		return parseGGA(f)
	case "GLL":
		return parseGLL(f)
	}
	return sentence{}, errNotOurs
}

// checked returns what stands between $ and *, when the two hexadecimal digits
// behind are its bytes exclusive-ored (NMEA 0183, 5.3).
func checked(line []byte) ([]byte, bool) {
	star := len(line) - 3
	if star < 1 || line[0] != '$' || line[star] != '*' {
		return nil, false
	}
	want, err := strconv.ParseUint(string(line[star+1:]), 16, 8)
	if err != nil {
		return nil, false
	}
	var sum byte
	for _, c := range line[1:star] {
		sum ^= c
	}
	return line[1:star], sum == byte(want) && bytes.IndexByte(line[1:star], '*') < 0
}

// parseRMC: time, status, lat, N/S, lon, E/W, knots, course, date, variation,
// E/W, mode (2.3), navigation status (4.1).
func parseRMC(f []string) (sentence, error) {
	if len(f) < 9 {
		return sentence{}, errFields
	}
	s := sentence{satellites: -1}
	if err := s.time(f[0]); err != nil {
		return s, err
	}
	if err := s.date(f[8]); err != nil {
		return s, err
	}
	return s, s.fixed(f[1], field(f, 11), f[2:6])
}

// parseGLL: lat, N/S, lon, E/W, time, status, mode (2.3).
func parseGLL(f []string) (sentence, error) {
	if len(f) < 6 {
		return sentence{}, errFields
	}
	s := sentence{satellites: -1}
	if err := s.time(f[4]); err != nil {
		return s, err
	}
	return s, s.fixed(f[5], field(f, 6), f[0:4])
}

// parseGGA: time, lat, N/S, lon, E/W, quality, satellites, HDOP, altitude, ...
func parseGGA(f []string) (sentence, error) {
	if len(f) < 8 {
		return sentence{}, errFields
	}
	s := sentence{satellites: -1}
	if err := s.time(f[0]); err != nil {
		return s, err
	}
	if n, err := strconv.Atoi(f[6]); err == nil && n >= 0 && n < 1000 {
		s.satellites = n
	}
	switch f[5] {
	case "0", "7", "8": // none, typed in by hand, simulated
		s.none = true
		return s, nil
	case "6":
		s.estimated = true
	case "1", "2", "3", "4", "5", "9": // 9 is a satellite correction in older receivers
	default:
		return s, fmt.Errorf("fix quality %.10q is not known", f[5])
	}
	if h, ok := decimal(f[7]); ok {
		s.hdop = h
	}
	return s, s.position(f[1:5])
}

func field(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

// fixed reads status (A or V) and mode indicator, and the position when they
// allow one.
func (s *sentence) fixed(status, mode string, position []string) error {
	if status != "A" && status != "V" {
		return fmt.Errorf("status %.10q is neither A nor V", status)
	}
	switch mode {
	case "N", "M", "S": // none, typed in by hand, simulated
		s.none = true
	case "E":
		s.estimated = true
	}
	if s.none = s.none || status == "V"; s.none {
		return nil
	}
	return s.position(position)
}

func (s *sentence) position(f []string) error {
	latitude, ok := angle(f[0], f[1], 2, 'N', 'S')
	if !ok {
		return fmt.Errorf("latitude %.20q %.5q: want ddmm.mmmm and N or S", f[0], f[1])
	}
	longitude, ok := angle(f[2], f[3], 3, 'E', 'W')
	if !ok {
		return fmt.Errorf("longitude %.20q %.5q: want dddmm.mmmm and E or W", f[2], f[3])
	}
	var r report
	if err := r.place(latitude, longitude); errors.Is(err, errOrigin) {
		s.none = true
		return nil
	} else if err != nil {
		return err
	}
	s.latitude, s.longitude = r.latitude, r.longitude
	return nil
}

// angle reads degrees of the given number of digits, minutes and a hemisphere.
func angle(s, hemisphere string, digits int, plus, minus byte) (float64, bool) {
	if len(hemisphere) != 1 || hemisphere[0] != plus && hemisphere[0] != minus {
		return 0, false
	}
	whole, _, _ := strings.Cut(s, ".")
	if len(whole) != digits+2 {
		return 0, false
	}
	degrees, ok := decimal(s[:digits])
	if !ok {
		return 0, false
	}
	minutes, ok := decimal(s[digits:])
	if !ok || minutes >= 60 {
		return 0, false
	}
	a := degrees + minutes/60
	if hemisphere[0] == minus {
		a = -a
	}
	return a, true
}

// decimal reads digits with at most one point and nothing else: no sign, no
// exponent, no NaN.
func decimal(s string) (float64, bool) {
	if len(s) == 0 || len(s) > 20 || s[0] == '.' {
		return 0, false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && s[i] != '.' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// time reads hhmmss or hhmmss.sss; empty is no time.
func (s *sentence) time(t string) error {
	if t == "" {
		return nil
	}
	whole, _, _ := strings.Cut(t, ".")
	hhmmss, ok := decimal(whole)
	seconds, ok2 := decimal(t)
	if !ok || !ok2 || len(whole) != 6 {
		return fmt.Errorf("time %.20q: want hhmmss.ss", t)
	}
	n := int(hhmmss)
	h, m, fraction := n/10000, n/100%100, seconds-hhmmss
	if h > 23 || m > 59 || n%100 > 60 { // 60 is a leap second
		return fmt.Errorf("time %.20q does not exist", t)
	}
	s.timed = true
	s.tod = time.Duration(h*3600+m*60+n%100)*time.Second + time.Duration(fraction*1e3+0.5)*time.Millisecond
	return nil
}

// date reads ddmmyy; empty is no date. Years from 80 are of the last century:
// a receiver without almanac begins at 1980-01-06.
func (s *sentence) date(d string) error {
	if d == "" {
		return nil
	}
	v, ok := decimal(d)
	if !ok || len(d) != 6 || strings.Contains(d, ".") {
		return fmt.Errorf("date %.20q: want ddmmyy", d)
	}
	n := int(v)
	year := 2000 + n%100
	if n%100 >= 80 {
		year -= 100
	}
	day := time.Date(year, time.Month(n/100%100), n/10000, 0, 0, 0, 0, time.UTC)
	if day.Day() != n/10000 || day.Month() != time.Month(n/100%100) {
		return fmt.Errorf("date %.20q does not exist", d)
	}
	s.day = day
	return nil
}
