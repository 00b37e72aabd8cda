package install

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

// Walk is a Guide who asks a person at a terminal. What was answered once is
// proposed the next time.
type Walk struct {
	Terminal *Terminal
	Live     bool // the terminal can show a value that changes in place

	instrument, certificate string
}

// Begin asks who and where.
func (w *Walk) Begin(ctx context.Context) (s Session, err error) {
	if s.By, err = w.must(ctx, Text{"谁来做（姓名、单位）", "who compares (name, firm)"}); err != nil {
		return s, err
	}
	s.Place, err = w.must(ctx, Text{"地点", "place"})
	return s, err
}

// must asks until there is an answer.
func (w *Walk) must(ctx context.Context, q Text) (string, error) {
	for {
		line, err := w.Terminal.Ask(ctx, q, "")
		if err != nil || line != "" {
			return line, err
		}
	}
}

// Take asks about one point.
func (w *Walk) Take(ctx context.Context, s Step) (float64, bool, error) {
	w.Terminal.Say(Text{"\n== %s（%s）", "\n== %s (%s)"}, s.Point, s.Device)
	take, err := w.yes(ctx, Text{"校准这个测点吗 y/n", "commission this point y/n"}, s.Quantity == sensors.Temperature)
	if err != nil || !take || s.Quantity == sensors.Humidity {
		return 0, take, err
	}
	proposed := ""
	if s.Working != nil {
		proposed = number(*s.Working)
	}
	working, err := w.number(ctx, Text{"库区工作温度 °C", "working temperature of the zone, °C"}, proposed)
	return working, true, err
}

func (w *Walk) yes(ctx context.Context, q Text, otherwise bool) (bool, error) {
	proposed := "n"
	if otherwise {
		proposed = "y"
	}
	for {
		line, err := w.Terminal.Ask(ctx, q, proposed)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(line) {
		case "y", "yes", "是":
			return true, nil
		case "n", "no", "否":
			return false, nil
		}
	}
}

// number asks for one; a comma and the long minus sign will do.
func (w *Walk) number(ctx context.Context, q Text, otherwise string) (float64, error) {
	for {
		line, err := w.Terminal.Ask(ctx, q, otherwise)
		if err != nil {
			return 0, err
		}
		plain := strings.NewReplacer("−", "-", "，", ".", ",", ".", "°C", "", "℃", "", "%", "").Replace(line)
		if v, err := strconv.ParseFloat(strings.TrimSpace(plain), 64); err == nil && v > -200 && v < 1000 {
			return v, nil
		}
		w.Terminal.Say(Text{"要一个数字，例如 -18.2", "want a number such as -18.2"})
	}
}

// Ready has the probe brought there.
func (w *Walk) Ready(ctx context.Context, _ Step, need calibration.Need) (bool, error) {
	w.Terminal.Say(Text{"要做：%s", "to do: %s"}, w.Terminal.lang.Of(NeedWords(need)))
	return w.yes(ctx, Text{"探头放好了吗（y = 开始，n = 现在不做）", "is the probe in place (y = begin, n = not now)"}, true)
}

// Shown shows the live value.
func (w *Walk) Shown(s Step, r sensors.Reading, inRow int) {
	text := w.Terminal.lang.Of(Reason(r.Reason))
	if v, ok := r.Value(); ok {
		text = fmt.Sprintf("%s %s", number(v), Unit(s.Quantity))
	}
	if w.Live {
		fmt.Fprintf(w.Terminal.out, "\r\x1b[K  %s  (%d)", text, inRow)
		return
	}
	fmt.Fprintf(w.Terminal.out, "  %s\n", text)
}

// Reference asks for the reference's value and, for an instrument, its name and
// certificate.
func (w *Walk) Reference(ctx context.Context, s Step, need calibration.Need, indicated float64) (r Reference, err error) {
	if w.Live {
		fmt.Fprint(w.Terminal.out, "\r\x1b[K")
	}
	w.Terminal.Say(Text{"已稳定：%s %s", "settled at %s %s"}, number(indicated), Unit(s.Quantity))
	proposed := ""
	if !need.Certified {
		proposed = "0"
	}
	if r.Value, err = w.number(ctx, Text{"标准器读数 " + Unit(s.Quantity), "the reference shows, " + Unit(s.Quantity)}, proposed); err != nil {
		return r, err
	}
	if !need.Certified {
		r.Instrument = IcePoint
		r.Certificate, err = w.Terminal.Ask(ctx, Text{"探头证书编号（没有就回车）", "the probe's certificate number (Enter for none)"}, "")
		if r.Certificate == "" {
			r.Certificate = NoCertificate
		}
		return r, err
	}
	if r.Instrument, err = w.again(ctx, Text{"标准器（厂家、型号、编号）", "reference instrument (make, type, serial number)"}, w.instrument); err != nil {
		return r, err
	}
	if r.Certificate, err = w.again(ctx, Text{"标准器证书编号", "its certificate number"}, w.certificate); err != nil {
		return r, err
	}
	w.instrument, w.certificate = r.Instrument, r.Certificate
	return r, nil
}

// again asks until there is an answer, with the last one proposed.
func (w *Walk) again(ctx context.Context, q Text, last string) (string, error) {
	for {
		line, err := w.Terminal.Ask(ctx, q, last)
		if err != nil || line != "" {
			return line, err
		}
	}
}

// Again asks whether to repeat.
func (w *Walk) Again(ctx context.Context, _ Step, why Text) (bool, error) {
	w.Terminal.Say(Text{"不接受：%s", "refused: %s"}, w.Terminal.lang.Of(why))
	return w.yes(ctx, Text{"再做一次吗 y/n", "once more y/n"}, true)
}

// Finish asks for the photo.
func (w *Walk) Finish(ctx context.Context, _ Step) (string, error) {
	for {
		path, err := w.Terminal.Ask(ctx, Text{"探头位置照片文件（没有就回车）", "photo of the probe's position, a file (Enter for none)"}, "")
		if err != nil {
			return "", err
		}
		err = checkPhoto(path)
		if err == nil {
			return path, nil
		}
		w.Terminal.Say(Text{"%v", "%v"}, err)
	}
}

// Say tells what came of it.
func (w *Walk) Say(text Text, args ...any) { say(w.Terminal.out, w.Terminal.lang, text, args...) }

var (
	_ Guide = (*Walk)(nil)
	_ Guide = (*Answers)(nil)
)
