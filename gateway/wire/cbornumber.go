package wire

import "math"

// number reads an integer, a float or a decimal fraction. When it is none of
// these, ok is false and the place in the message is undefined.
func (r *cborReader) number() (n number, ok bool, err *MessageError) {
	major, info, arg, err := r.head()
	if err != nil {
		return number{}, false, err
	}
	switch {
	case major == majorUnsigned && arg <= math.MaxInt64:
		return number{mantissa: int64(arg)}, true, nil
	case major == majorNegative && arg <= math.MaxInt64:
		return number{mantissa: -1 - int64(arg)}, true, nil
	case major == majorUnsigned:
		return number{float: float64(arg), isFloat: true}, true, nil
	case major == majorNegative:
		return number{float: -1 - float64(arg), isFloat: true}, true, nil
	case major == majorTag && arg == decimalFraction:
		return r.decimalFraction()
	case major == majorSimple && info == 25:
		return number{float: halfFloat(uint16(arg)), isFloat: true}, true, nil
	case major == majorSimple && info == 26:
		return number{float: float64(math.Float32frombits(uint32(arg))), isFloat: true}, true, nil
	case major == majorSimple && info == 27:
		return number{float: math.Float64frombits(arg), isFloat: true}, true, nil
	}
	return number{}, false, nil
}

// decimalFraction reads [exponent, mantissa] behind tag 4.
func (r *cborReader) decimalFraction() (n number, ok bool, err *MessageError) {
	major, _, two, err := r.head()
	if err != nil || major != majorArray || two != 2 {
		return number{}, false, err
	}
	var pair [2]int64
	for k := range pair {
		major, _, arg, err := r.head()
		if err != nil || major > majorNegative || arg > math.MaxInt64 {
			return number{}, false, err
		}
		pair[k] = int64(arg)
		if major == majorNegative {
			pair[k] = -1 - int64(arg)
		}
	}
	if pair[0] < -maxExponent || pair[0] > maxExponent {
		return number{}, false, nil
	}
	return number{exponent: int32(pair[0]), mantissa: pair[1]}, true, nil
}

// halfFloat widens an IEEE 754 binary16, which loses nothing.
func halfFloat(h uint16) float64 {
	exponent, fraction := int(h>>10)&0x1f, float64(h&0x3ff)
	var v float64
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction, -24)
	case exponent < 31:
		v = math.Ldexp(fraction+1024, exponent-25)
	case fraction == 0:
		v = math.Inf(1)
	default:
		v = math.NaN()
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}
