package certificate

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// svg is a canvas for a page. Its unit is the millimetre of the PDF.
type svg struct{ b strings.Builder }

func (s *svg) area(c colour, xy ...float64) {
	fmt.Fprintf(&s.b, `<polygon fill="%s" points="%s"/>`, c.Hex(), points(xy))
}

func (s *svg) line(c colour, width float64, dashed bool, xy ...float64) {
	dash := ""
	if dashed {
		dash = ` stroke-dasharray="1.2 .9"`
	}
	fmt.Fprintf(&s.b, `<polyline fill="none" stroke="%s" stroke-width="%s"%s points="%s"/>`, c.Hex(), short(width), dash, points(xy))
}

func (s *svg) text(c colour, size float64, align byte, x, y float64, text string) {
	anchor := map[byte]string{'L': "start", 'C': "middle", 'R': "end"}[align]
	fmt.Fprintf(&s.b, `<text fill="%s" font-size="%s" text-anchor="%s" x="%s" y="%s">%s</text>`, c.Hex(), short(size*0.3528), anchor, short(x), short(y), html.EscapeString(text))
}

func points(xy []float64) string {
	var b strings.Builder
	for i := 0; i+1 < len(xy); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(short(xy[i]) + "," + short(xy[i+1]))
	}
	return b.String()
}

// short is a length to a hundredth of a millimetre.
func short(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0"), ".")
}

// chartSVG is the chart of a page. Every text in it is escaped above.
func chartSVG(v view, c clock) template.HTML {
	var s svg
	const h = 48.0
	drawChart(&s, v, c, 0, 0, width, h)
	return template.HTML(fmt.Sprintf(`<svg class="chart" viewBox="0 0 %s %s" role="img" aria-label="温度曲线 course of temperature">%s</svg>`, short(width), short(h), s.b.String()))
}

// codeSVG is a QR code of a page.
func codeSVG(q code) template.HTML {
	if q == nil {
		return ""
	}
	var b strings.Builder
	size := float64(len(q) + 2*quiet)
	q.runs(0, 0, size, func(x, y, w, h float64) {
		fmt.Fprintf(&b, "M%s %sh%sv%sh-%sz", short(x), short(y), short(w), short(h), short(w))
	})
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %s %s" role="img" aria-label="扫码核对 scan to check" shape-rendering="crispEdges"><path d="%s"/></svg>`, short(size), short(size), b.String()))
}
