package modbus

import (
	"errors"
	"math/big"
	"regexp"
	"strconv"
)

// Decimal is a decimal number kept exactly: 0.1 is one tenth, not the float64
// nearest to it. The zero Decimal is 0.
type Decimal struct{ rat *big.Rat }

// No exponent and few digits: a profile comes from outside.
var decimalText = regexp.MustCompile(`^[+-]?[0-9]{1,12}(\.[0-9]{1,12})?$`)

// ParseDecimal reads a decimal number such as 0.1, -40 or 0.00001, without
// exponent and of at most 12 digits on either side of the point.
func ParseDecimal(s string) (Decimal, error) {
	if !decimalText.MatchString(s) {
		return Decimal{}, errors.New("is not a plain decimal number such as 0.1")
	}
	r, _ := new(big.Rat).SetString(s)
	return Decimal{r}, nil
}

func (d Decimal) value() *big.Rat {
	if d.rat == nil {
		return new(big.Rat)
	}
	return d.rat
}

// Float returns the nearest float64.
func (d Decimal) Float() float64 {
	f, _ := d.value().Float64()
	return f
}

// apply returns raw*scale + offset, rounded once.
func apply(raw *big.Rat, scale, offset Decimal) float64 {
	v := new(big.Rat).Mul(raw, scale.value())
	f, _ := v.Add(v, offset.value()).Float64()
	return f
}

// shortest is the shortest decimal that a float of that size is printed as: a
// device that sends 25.43 in a float32 means 25.43 and not 25.430000305.
func shortest(f float64, bits int) *big.Rat {
	r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, bits))
	return r
}
