package wire

import (
	"math"
	"strconv"
	"time"
)

// number is a number exactly as it travelled: mantissa * 10^exponent, or a
// binary float where that is what was sent. A decimal of more than 18 digits
// is a float too, and keeps its first 18 digits for use as a time.
type number struct {
	mantissa int64
	exponent int32
	float    float64
	isFloat  bool
}

const (
	maxExponent  = 400            // beyond any float64; bounds the work per number
	exactInteger = 1 << 53        // largest run of integers a float64 holds exactly
	exactPower   = 22             // 10^22 is the last power of ten that is a float64
	maxMicros    = 253402300800e6 // the year 10000, in microseconds
	absoluteTime = 1 << 28        // RFC 8428 section 4.5.3: below is relative to now, in seconds
)

// powersOfTen are exact float64 values. Nothing writes to it.
var powersOfTen = [exactPower + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// value returns the float64 nearest to the number. ok is false when there is
// no finite one.
func (n number) value() (v float64, ok bool) {
	if n.isFloat {
		return n.float, !math.IsNaN(n.float) && !math.IsInf(n.float, 0)
	}
	if n.mantissa > -exactInteger && n.mantissa < exactInteger {
		// Both operands are exact, so the single rounding is the right one.
		switch {
		case n.exponent == 0:
			return float64(n.mantissa), true
		case n.exponent < 0 && n.exponent >= -exactPower:
			return float64(n.mantissa) / powersOfTen[-n.exponent], true
		case n.exponent > 0 && n.exponent <= exactPower:
			return float64(n.mantissa) * powersOfTen[n.exponent], true
		}
	}
	text := strconv.AppendInt(nil, n.mantissa, 10)
	text = append(text, 'e')
	text = strconv.AppendInt(text, int64(n.exponent), 10)
	v, err := strconv.ParseFloat(string(text), 64)
	return v, err == nil
}

// micros returns the number of seconds as whole microseconds, rounded to the
// nearest; decimals are never taken through a float.
func (n number) micros() (us int64, ok bool) {
	if n.isFloat && n.mantissa == 0 {
		f := math.Round(n.float * 1e6)
		if math.IsNaN(f) || math.Abs(f) > maxMicros {
			return 0, false
		}
		return int64(f), true
	}
	m, e := n.mantissa, int(n.exponent)+6
	for ; e > 0 && m != 0; e-- {
		if m > maxMicros || m < -maxMicros {
			return 0, false
		}
		m *= 10
	}
	if e < -18 {
		return 0, true // less than a microsecond, whatever the mantissa
	}
	var last int64
	for ; e < 0; e++ {
		last, m = m%10, m/10
	}
	switch {
	case last >= 5:
		m++
	case last <= -5:
		m--
	}
	return m, m <= maxMicros && m >= -maxMicros
}

// integer returns the number when it is a whole one that was not sent as a
// binary float.
func (n number) integer() (i int64, ok bool) {
	m := n.mantissa
	if n.isFloat || n.exponent < 0 {
		return 0, false
	}
	for e := n.exponent; e > 0 && m != 0; e-- {
		if m > math.MaxInt64/10 || m < math.MinInt64/10 {
			return 0, false
		}
		m *= 10
	}
	return m, true
}

// counting returns a whole number that is not negative.
func (n number) counting() (u uint64, ok bool) {
	i, ok := n.integer()
	return uint64(max(i, 0)), ok && i >= 0
}

// add returns a+b, exactly where both are decimals of similar size.
func (n number) add(b number) number {
	if n.isFloat || b.isFloat {
		return n.addFloat(b)
	}
	for n.exponent > b.exponent {
		if n.mantissa > math.MaxInt64/20 || n.mantissa < math.MinInt64/20 {
			return n.addFloat(b)
		}
		n.mantissa, n.exponent = n.mantissa*10, n.exponent-1
	}
	for b.exponent > n.exponent {
		if b.mantissa > math.MaxInt64/20 || b.mantissa < math.MinInt64/20 {
			return n.addFloat(b)
		}
		b.mantissa, b.exponent = b.mantissa*10, b.exponent-1
	}
	sum := n.mantissa + b.mantissa
	if (sum > n.mantissa) != (b.mantissa > 0) {
		return n.addFloat(b)
	}
	return number{mantissa: sum, exponent: n.exponent}
}

func (n number) addFloat(b number) number {
	x, _ := n.value()
	y, _ := b.value()
	return number{float: x + y, isFloat: true}
}

// decimal returns the shortest decimal that reads back as exactly v. ok is
// false for what no decimal of 64 bits is: negative zero, NaN, infinity.
func decimal(v float64) (n number, ok bool) {
	if v == 0 {
		return number{}, !math.Signbit(v)
	}
	// What sensors send is a few digits: try those before the general way.
	for e := range 4 {
		m := math.Round(v * powersOfTen[e])
		if math.Abs(m) >= exactInteger {
			break
		}
		if m/powersOfTen[e] == v {
			return number{mantissa: int64(m), exponent: int32(-e)}, true
		}
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return number{}, false
	}
	var buf [32]byte
	n, _, err := parseNumber(strconv.AppendFloat(buf[:0], v, 'e', -1, 64))
	return n, err == nil && !n.isFloat
}

// seconds returns whole milliseconds as the number of seconds they are.
func seconds(ms int64) number {
	if ms%1000 == 0 {
		return number{mantissa: ms / 1000}
	}
	return number{mantissa: ms, exponent: -3}
}

// millis rounds microseconds to the nearest millisecond.
func millis(us int64) int64 {
	if us < 0 {
		return (us - 500) / 1000
	}
	return (us + 500) / 1000
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// parseNumber reads a JSON number at the start of b and says how long it is.
// Digits beyond the eighteenth are kept by going through the nearest float.
func parseNumber(b []byte) (n number, length int, err error) {
	i, negative := 0, false
	if i < len(b) && b[i] == '-' {
		negative = true
		i++
	}
	start := i
	var mantissa int64
	var digits, dropped, exponent int
	whole := func(c byte) {
		switch {
		case digits >= 18:
			dropped++
		default:
			mantissa = mantissa*10 + int64(c-'0')
			if mantissa != 0 {
				digits++
			}
		}
	}
	for i < len(b) && isDigit(b[i]) {
		whole(b[i])
		i++
	}
	if i == start || b[start] == '0' && i > start+1 {
		return number{}, 0, errSyntax
	}
	exponent += dropped
	exact := dropped == 0
	if i < len(b) && b[i] == '.' {
		i++
		first := i
		for i < len(b) && isDigit(b[i]) {
			if digits < 18 {
				whole(b[i])
				exponent--
			} else {
				exact = exact && b[i] == '0'
			}
			i++
		}
		if i == first {
			return number{}, 0, errSyntax
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		e, length, err := parseExponent(b[i+1:])
		if err != nil {
			return number{}, 0, err
		}
		exponent += e
		i += 1 + length
	}
	if negative {
		mantissa = -mantissa
	}
	n = number{mantissa: mantissa, exponent: int32(max(min(exponent, maxExponent), -maxExponent))}
	if mantissa == 0 {
		n.exponent = 0
	}
	if negative && mantissa == 0 {
		n = number{float: math.Copysign(0, -1), isFloat: true}
	}
	if !exact || exponent != int(n.exponent) && mantissa != 0 {
		// Too many digits to hold exactly. ParseFloat rounds once; an
		// overflow comes back as infinity, which no value may be.
		f, _ := strconv.ParseFloat(string(b[:i]), 64)
		n.float, n.isFloat = f, true
	}
	return n, i, nil
}

func parseExponent(b []byte) (e, length int, err error) {
	i, sign := 0, 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		if b[i] == '-' {
			sign = -1
		}
		i++
	}
	first := i
	for i < len(b) && isDigit(b[i]) {
		if e < 1e6 { // far beyond every bound already
			e = e*10 + int(b[i]-'0')
		}
		i++
	}
	if i == first {
		return 0, 0, errSyntax
	}
	return sign * e, i, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
