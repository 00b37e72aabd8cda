package certificate

import (
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/evidence"
)

func zoneOf(d evidence.Document) (clock, error) {
	zone, err := time.LoadLocation(d.County.Zone)
	if err != nil {
		return clock{}, fmt.Errorf("certificate %s: time zone %q: %w", d.Number, d.County.Zone, err)
	}
	return clock{zone}, nil
}

// Heights on the front, in mm.
const (
	bottomH   = 47.0 // statement and stamp
	leastPlot = 36.0
	mostPlot  = 72.0
	rowH      = 4.5
	titleH    = 5.4
	headH     = 11.2 // of a table: title and column heads
)

// front is the sheet that a buyer reads: everything of the first page.
func (s *sheet) front() {
	s.page()
	s.head()
	s.verdict()
	s.figures()
	s.facts()
	stays, excursions := min(6, len(s.v.Stays.Rows)), min(4, max(1, len(s.v.Excursions.Rows)))
	room := func() float64 {
		return foot - bottomH - s.y - titleH - tableH(s.v.Stays, stays) - tableH(s.v.Excursions, excursions) - 2
	}
	for room() < leastPlot && (stays > 2 || excursions > 1) {
		if stays > 2 {
			stays--
		} else {
			excursions--
		}
	}
	h := min(mostPlot, room())
	s.title("温度记录", "Temperature record", "时间 times: "+s.v.Zone)
	drawChart(s, s.v, s.clock, margin, s.y, width, h)
	s.y += h + 3
	s.brief(s.v.Stays, stays)
	s.brief(s.v.Excursions, excursions)
	s.bottom()
}

func (s *sheet) head() {
	d := s.v.Doc
	s.write(soft, 8.5, "", 'L', margin, 19, d.County.Office)
	s.write(ink, 25, "B", 'L', margin-0.6, 31, "冷链温度记录证明")
	s.write(soft, 10.5, "", 'L', margin, 37, "Record of cold-chain temperatures")
	right := pageW - margin
	if s.qr != nil {
		right -= 27
		s.SetFillColor(0, 0, 0)
		s.qr.runs(pageW-margin-24, 13.5, 24, func(x, y, w, h float64) { s.Rect(x, y, w, h, "F") })
		s.write(soft, 6, "", 'C', pageW-margin-12, 39.6, "扫码核对 scan to check")
	}
	s.write(soft, 7, "", 'R', right, 19, "编号 No.")
	s.write(ink, 11, "B", 'R', right, 24, s.v.Number)
	s.write(soft, 7.5, "", 'R', right, 28.6, fmt.Sprintf("第 %d 版 version %d", d.Version, d.Version))
	s.write(soft, 7.5, "", 'R', right, 32.6, "出具 made "+s.clock.at(d.Made))
	if d.Demo {
		s.write(red, 7.5, "B", 'R', right, 37, "演示数据，人员与企业均为虚构 DEMO")
	}
	s.line(accent, 0.5, false, margin, 42, pageW-margin, 42)
	s.y = 42
}

func (s *sheet) verdict() {
	x, c := s.v.Verdict, s.v.Verdict.Tone.colour()
	s.area(wash, margin, s.y+2, pageW-margin, s.y+2, pageW-margin, s.y+20, margin, s.y+20)
	s.area(c, margin, s.y+2, margin+1.6, s.y+2, margin+1.6, s.y+20, margin, s.y+20)
	s.write(soft, 6.5, "", 'L', margin+5, s.y+6.4, "判定 VERDICT")
	s.write(c, 18, "B", 'L', margin+4.7, s.y+13.6, x.ZH)
	en := x.EN
	if x.Quantity != "" {
		en += " · " + x.Quantity
	}
	s.write(c, 8.5, "", 'L', margin+5, s.y+18, en)
	left := margin + 52
	s.line(faint, 0.2, false, left-4, s.y+5, left-4, s.y+17)
	lines := s.wrap(8.5, "", x.Reason, pageW-margin-left-4)
	if len(lines) > 2 {
		lines = []string{lines[0], s.short(8.5, "", lines[1]+lines[2], pageW-margin-left-4)}
	}
	for i, l := range lines {
		s.write(ink, 8.5, "", 'L', left, s.y+7+float64(i)*4, l)
	}
	by := ""
	if x.By != "" {
		by = "判定 decided: " + x.By
	}
	if x.Second != "" {
		by += "    复核 second: " + x.Second
	}
	if x.Twice {
		by += "    待第二人复核，尚未生效 waits for a second person"
	}
	s.write(soft, 7, "", 'L', left, s.y+14.8, by)
	if o := s.v.Doc.Supersedes; o != nil {
		s.write(amber, 7, "", 'L', left, s.y+18.4, s.short(7, "", fmt.Sprintf("更正 corrects %s（%s）：%s", o.Number, s.clock.day(o.Made), o.Reason), pageW-margin-left-3))
	}
	s.y += 22.5
}

func (s *sheet) figures() {
	w := width / float64(len(s.v.Figures))
	for i, f := range s.v.Figures {
		x := margin + float64(i)*w
		if i > 0 {
			s.line(faint, 0.2, false, x-1.5, s.y+1.5, x-1.5, s.y+15)
		}
		c := ink
		if f.Alert {
			c = red
		}
		s.write(soft, 7, "", 'L', x, s.y+3.4, s.short(7, "", f.ZH, w-3))
		s.write(soft, 5.8, "", 'L', x, s.y+6, f.EN)
		size := 12.0
		for s.SetFont("n", "B", size); s.GetStringWidth(f.Value+" "+f.Unit) > w-3.5 && size > 8; s.SetFont("n", "B", size) {
			size -= 0.5
		}
		s.write(c, size, "B", 'L', x, s.y+11.6, f.Value)
		at := x + s.GetStringWidth(f.Value) + 0.8
		s.write(soft, 7.5, "", 'L', at, s.y+11.6, f.Unit)
		for n, l := range s.wrap(5.8, "", f.Note, w-3) {
			if n < 2 {
				s.write(soft, 5.8, "", 'L', x, s.y+14.8+2.5*float64(n), l)
			}
		}
	}
	s.y += 20
	s.line(faint, 0.2, false, margin, s.y, pageW-margin, s.y)
}

// facts are two columns: the goods, and whose they are.
func (s *sheet) facts() {
	half := width/2 - 3
	left := s.column(s.v.Goods, margin, half)
	right := s.column(s.v.Parties, margin+width/2+3, half)
	s.y = max(left, right) + 1
}

func (s *sheet) column(facts []fact, x, w float64) float64 {
	const label = 15.0
	y := s.y + 1.4
	for _, f := range facts {
		lines := s.wrap(8.2, "", f.Value, w-label)
		if len(lines) > 3 {
			lines = append(lines[:2], s.short(8.2, "", lines[2]+lines[3], w-label))
		}
		s.write(soft, 7, "", 'L', x, y+3.4, f.ZH)
		s.write(soft, 5.4, "", 'L', x, y+5.8, f.EN)
		for i, l := range lines {
			c, size := ink, 8.2
			if i > 0 {
				size = 7.4
			}
			s.write(c, size, "", 'L', x+label, y+3.6+float64(i)*3.5, l)
		}
		y += max(6.6, float64(len(lines))*3.5+2.4)
	}
	return y
}

// title begins a section.
func (s *sheet) title(zh, en, note string) {
	s.write(accent, 9, "B", 'L', margin, s.y+4.2, zh)
	s.SetFont("n", "B", 9)
	at := margin + s.GetStringWidth(zh) + 2
	s.write(soft, 7, "", 'L', at, s.y+4.2, en)
	if note != "" {
		s.write(soft, 6.5, "", 'R', pageW-margin, s.y+4.2, note)
	}
	s.y += titleH
}

func tableH(t table, rows int) float64 {
	if len(t.Rows) == 0 {
		return titleH + rowH
	}
	return headH + float64(rows)*rowH + 1.5
}

// brief is a table of which the first rows are shown, one line each.
func (s *sheet) brief(t table, rows int) {
	note := ""
	if n := len(t.Rows); n > rows {
		note = fmt.Sprintf("共 %d 段，其余见附表 %d in all, the others in the annex", n, n)
		if t.ZH == s.v.Excursions.ZH {
			note = fmt.Sprintf("共 %d 次，列最长的；其余见附表 %d in all, the longest here", n, n)
		}
	}
	s.title(t.ZH, t.EN, note)
	if len(t.Rows) == 0 {
		s.write(ink, 8, "", 'L', margin, s.y+3, t.Empty)
		s.y += rowH
		return
	}
	xs := columns(t)
	s.columnHeads(t, xs)
	for n, row := range t.Rows[:min(rows, len(t.Rows))] {
		for i, cell := range row {
			col := t.Cols[i]
			text := s.short(7.4, "", cell, xs[i+1]-xs[i]-1.2)
			c := ink
			if slices.Contains(t.Red[n], i) {
				c = red
			}
			if col.Right {
				s.write(c, 7.4, "", 'R', xs[i+1]-1, s.y+3.1, text)
			} else {
				s.write(c, 7.4, "", 'L', xs[i]+t.inset(i), s.y+3.1, text)
			}
		}
		s.y += rowH
		s.line(faint, 0.12, false, margin, s.y, pageW-margin, s.y)
	}
	s.y += 1.5
}

// columns are where the columns of a table begin, and where the last one ends.
func columns(t table) []float64 {
	sum := 0.0
	for _, c := range t.Cols {
		sum += c.Width
	}
	xs := []float64{margin}
	for _, c := range t.Cols {
		xs = append(xs, xs[len(xs)-1]+c.Width/sum*width)
	}
	return xs
}

func (s *sheet) columnHeads(t table, xs []float64) {
	for i, c := range t.Cols {
		for n, text := range []string{c.ZH, c.EN} {
			size, y := 6.2-0.6*float64(n), s.y+2.3+2.4*float64(n)
			text = s.short(size, "", text, xs[i+1]-xs[i]-0.6)
			if c.Right {
				s.write(soft, size, "", 'R', xs[i+1]-1, y, text)
			} else {
				s.write(soft, size, "", 'L', xs[i]+t.inset(i), y, text)
			}
		}
	}
	s.y += 5.8
	s.line(ink, 0.2, false, margin, s.y, pageW-margin, s.y)
}

// bottom is what the sheet rests on: calibration, what it is not, who to ask,
// the key, and room for the stamp.
func (s *sheet) bottom() {
	y := foot - bottomH + 3
	const stamp = 44.0
	w := width - stamp - 8
	s.line(accent, 0.3, false, margin, y, pageW-margin, y)
	line := func(c colour, size float64, style, text string) {
		for _, l := range s.wrap(size, style, text, w) {
			s.write(c, size, style, 'L', margin, y+4.2, l)
			y += size*0.3528 + 1.15
		}
	}
	probes := s.v.Probes
	if len(probes) > 3 {
		probes = append(probes[:2:2], fmt.Sprintf("另有 %d 支，见附表。 %d more in the annex.", len(probes)-2, len(probes)-2))
	}
	line(accent, 7.4, "B", "探头校准 Calibration")
	for _, p := range probes {
		line(ink, 6.8, "", p)
	}
	y += 1.4
	line(accent, 7.4, "B", StatementZH)
	line(soft, 6.8, "", StatementEN)
	y += 1.2
	line(ink, 6.8, "", fmt.Sprintf("咨询与核实 Enquiries: %s，电话 tel. %s", s.v.Doc.County.Office, s.v.Doc.County.Phone))
	line(ink, 6.8, "", "数字签名 Ed25519，公钥指纹 key fingerprint:")
	line(ink, 7.6, "B", s.v.Fingerprint)
	line(soft, 6.2, "", "签名数据附在本 PDF 内，可离线核验。 The signed data is attached to this PDF: coldchain verify FILE.")
	top := foot - bottomH + 7
	x := pageW - margin - stamp
	s.SetDrawColor(int(soft[0]), int(soft[1]), int(soft[2]))
	s.SetLineWidth(0.2)
	s.SetDashPattern([]float64{1, 1}, 0)
	s.Rect(x, top, stamp, bottomH-9, "D")
	s.SetDashPattern(nil, 0)
	s.write(soft, 7, "", 'C', x+stamp/2, top+5, "（公章 official stamp）")
	s.write(soft, 6.5, "", 'L', x+3, top+bottomH-13, "经办 by")
	s.line(soft, 0.15, false, x+14, top+bottomH-12.6, x+stamp-3, top+bottomH-12.6)
}
