package influx

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkValuesIn reads a month of minutes as InfluxQL gives it.
func BenchmarkValuesIn(b *testing.B) {
	var list []string
	for i := range 43_200 {
		list = append(list, fmt.Sprintf("[%d,%.2f,null,null,%d]", 1_795_000_000_000+60_000*i, 2+float64(i%400)/100, i+1))
	}
	text := fmt.Sprintf(rows, strings.Join(list, ","))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if got, err := valuesIn(strings.NewReader(text)); err != nil || len(got) != 43_200 {
			b.Fatal(len(got), err)
		}
	}
}
