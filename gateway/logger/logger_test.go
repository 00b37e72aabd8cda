package logger

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func read(t testing.TB, text string, o Options) Log {
	t.Helper()
	log, err := Read(strings.NewReader(text), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return log
}

// said is a log as a test can state it: "0 4.5" is a reading at the first
// minute of 2026-11-23 12:00 UTC, "1 none" a line without a value.
func said(log Log) string {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	type line struct {
		at   time.Time
		text string
	}
	var all []line
	for _, r := range log.Readings {
		all = append(all, line{r.At, fmt.Sprintf("%g %g", r.At.Sub(noon).Minutes(), r.C)})
	}
	for _, m := range log.Missing {
		all = append(all, line{m.At, fmt.Sprintf("%g none", m.At.Sub(noon).Minutes())})
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at.Compare(b.at) })
	var out []string
	for _, l := range all {
		out = append(out, l.text)
	}
	return strings.Join(out, ", ")
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestFilesThatSayEverythingThemselves(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    Options
		want string
	}{
		"ISO with an offset":            {"time,temp_c\n2026-11-23T20:00:00+08:00,4.5\n2026-11-23T20:01:00+08:00,5\n", Options{}, "0 4.5, 1 5"},
		"offset without a colon":        {"time,Temperature (°C)\n2026-11-23T20:00:00+0800,4.5\n", Options{}, "0 4.5"},
		"Z and milliseconds":            {"time,Temperature (°C)\n2026-11-23T12:00:00.500Z,4.5\n2026-11-23T12:00:30.5Z,4\n", Options{}, "0.008333333333333333 4.5, 0.5083333333333333 4"},
		"semicolons, decimal commas":    {"Zeit;Temperatur °C\n23.11.2026 12:00;4,5\n23.11.2026 12:01;-0,25\n", Options{}, "0 4.5, 1 -0.25"},
		"tabs":                          {"time\ttemp °C\n2026-11-23 12:00\t4.5\n", Options{}, "0 4.5"},
		"quoted cells, doubled quotes":  {"\"time\",\"temp \"\"1\"\" (°C)\"\n\"2026-11-23 12:00\",\"4,5\"\n", Options{}, "0 4.5"},
		"Chinese":                       {"序号,时间,温度(℃),湿度(%RH)\n1,2026年11月23日 12:00:00,4.5,80\n2,2026年11月23日 12:01:00,5,81\n", Options{}, "0 4.5, 1 5"},
		"Chinese half days":             {"时间,温度℃\n2026/11/23 上午 11:59,4.5\n2026/11/23 下午 12:01,5\n", Options{}, "-1 4.5, 1 5"},
		"12-hour clock":                 {"time,temp °C\n2026-11-23 11:59:00 AM,4\n2026-11-23 12:00:00 PM,5\n2026-11-23 1:00 pm,6\n", Options{}, "-1 4, 0 5, 60 6"},
		"date and time in two columns":  {"Date,Time,T °C\n2026-11-23,12:00:00,4\n2026-11-23,12:01:00,5\n", Options{}, "0 4, 1 5"},
		"months in letters":             {"when,°C\n23-Nov-2026 12:00,4\n", Options{}, "0 4"},
		"American months in letters":    {"when;°C\nNov 23, 2026 12:00 PM;4\n", Options{}, "0 4"},
		"a day beyond twelve":           {"time,°C\n11/23/2026 12:00,4\n", Options{}, "0 4"},
		"the same the other way":        {"time,°C\n23/11/2026 12:00,4\n", Options{}, "0 4"},
		"Fahrenheit":                    {"time,Temp(°F)\n2026-11-23 12:00,46.4\n2026-11-23 12:01,32\n", Options{}, "0 8, 1 0"},
		"unit behind the value":         {"time,value\n2026-11-23 12:00,4.5 °C\n", Options{}, "0 4.5"},
		"unit in its column":            {"time,value,unit\n2026-11-23 12:00,46.4,F\n", Options{}, "0 8"},
		"unit in the block above":       {"Device X\nUnit: F\n\ntime,value\n2026-11-23 12:00,46.4\n", Options{}, "0 8"},
		"unit in a line of its own":     {"time,temperature\n,°F\n2026-11-23 12:00,46.4\n", Options{}, "0 8"},
		"header block, blank lines":     {"Serial: 42\nAlarm: none\n\nDate Time,Temperature[C]\n2026-11-23 12:00,4.5\n\n2026-11-23 12:01,5\n", Options{}, "0 4.5, 1 5"},
		"no header":                     {"2026-11-23T12:00:00Z,4.5\n", Options{Unit: Celsius}, "0 4.5"},
		"carriage returns":              {"time,°C\r\n2026-11-23 12:00,4\r\n2026-11-23 12:01,5\r\n", Options{}, "0 4, 1 5"},
		"old carriage returns":          {"time,°C\r2026-11-23 12:00,4\r2026-11-23 12:01,5\r", Options{}, "0 4, 1 5"},
		"newest first":                  {"time,°C\n2026-11-23 12:01,5\n2026-11-23 12:00,4\n", Options{}, "0 4, 1 5"},
		"a line twice":                  {"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:00,4\n", Options{}, "0 4"},
		"a footer":                      {"time,°C\n2026-11-23 12:00,4\nEnd of data\n", Options{}, "0 4"},
		"unplugged":                     {"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:01,###\n2026-11-23 12:02,\n2026-11-23 12:03,N/A\n2026-11-23 12:04,-127\n2026-11-23 12:05,-999.9\n2026-11-23 12:06,5\n", Options{}, "0 4, 1 none, 2 none, 3 none, 4 none, 5 none, 6 5"},
		"unplugged in Fahrenheit":       {"time,°F\n2026-11-23 12:00,-196.6\n2026-11-23 12:01,32\n", Options{}, "0 none, 1 0"},
		"several columns, one is it":    {"time,No.,Temperature °C,Dew point °C,Humidity %,Battery V\n2026-11-23 12:00,1,4.5,1,80,3.1\n", Options{}, "0 4.5"},
		"one of two, asked for":         {"time,Temp 1 °C,Temp 2 °C\n2026-11-23 12:00,4,5\n", Options{Column: "temp 2 °C"}, "0 5"},
		"asked for by its number":       {"time,Temp 1 °C,Temp 2 °C\n2026-11-23 12:00,4,5\n", Options{Column: "2"}, "0 4"},
		"zone asked for":                {"time,°C\n2026-11-23 20:00,4\n", Options{Zone: zone(t, "Asia/Shanghai")}, "0 4"},
		"zone in the header":            {"\"#\",\"Date Time, GMT+08:00\",\"Temp, °C (LGR S/N: 20, SEN S/N: 20)\"\n1,11/23/26 08:00:00 PM,4.5\n", Options{Zone: zone(t, "America/New_York")}, "0 4.5"},
		"zone in a line above":          {"Time zone: UTC-5\ntime,°C\n2026-11-23 07:00,4.5\n", Options{Zone: zone(t, "Asia/Shanghai")}, "0 4.5"},
		"times in UTC":                  {"时间 (UTC),温度 ℃\n2026-11-23 12:00,4.5\n", Options{Zone: zone(t, "Asia/Shanghai")}, "0 4.5"},
		"zones that contradict":         {"Time zone: UTC-5\nTime zone: UTC+8\ntime,°C\n2026-11-23 12:00,4.5\n", Options{}, "0 4.5"},
		"LogTag":                        {"\"Reading Number\",\"Date\",\"Time\",\"Elapsed Time\",\"Temperature °C\"\n1,23/11/2026,12:00:00,00:00:00,4.5\n2,23/11/2026,12:10:00,00:10:00,5\n", Options{}, "0 4.5, 10 5"},
		"Testo":                         {"id;Date/time;T [°C]\n1;23.11.2026 12:00:00;4,5\n", Options{}, "0 4.5"},
		"Elitech":                       {"No.,Date/Time,Temperature°C,Humidity%RH\n1,2026-11-23 12:00:00,4.5,80.1\n", Options{}, "0 4.5"},
		"minus sign of a word program":  {"time,°C\n2026-11-23 12:00,−4.5\n", Options{}, "0 -4.5"},
		"the start names the month":     {"Mission Start: Thu Nov 12 12:00:00 CST 2026\ntime,°C\n12/11/26 12:00,4\n", Options{}, "-15840 4"},
		"only one order runs forward":   {"time,°C\n1/11/2026 12:00,4\n2/11/2026 12:00,4\n3/10/2027 12:00,5\n1/11/2027 12:00,4\n", Options{Dates: DMY}, "-31680 4, -30240 4, 452160 5, 493920 4"},
		"dates asked for":               {"time,°C\n3/11/2026 12:00,4\n", Options{Dates: DMY}, "-28800 4"},
		"dates asked for the other way": {"time,°C\n11/3/2026 12:00,4\n", Options{Dates: MDY}, "-28800 4"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := said(read(t, c.text, c.o)); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestWhichOrderRunsForward: day/month goes from January to February, and
// month/day from October back to February.
func TestWhichOrderRunsForward(t *testing.T) {
	log := read(t, "time,°C\n10/01/2026 12:00,4\n11/01/2026 12:00,4\n02/02/2026 12:00,4\n", Options{})
	if log.Dates != DMY || log.Readings[2].At.Month() != time.February {
		t.Errorf("%s: %v", log.Dates, log.Readings)
	}
}

func TestAmbiguityNamesTheChoices(t *testing.T) {
	for name, c := range map[string]struct {
		text, what string
		choices    []string
	}{
		"unit":            {"time,temperature\n2026-11-23 12:00,4\n", "unit", []string{"c", "f"}},
		"unit, no header": {"2026-11-23 12:00,4\n", "unit", []string{"c", "f"}},
		"dates":           {"time,°C\n03/04/2026 12:00,4\n04/04/2026 12:00,4\n", "dates", []string{"dmy", "mdy"}},
		"dates of one":    {"time,°C\n03/04/26 12:00,4\n", "dates", []string{"dmy", "mdy"}},
		"column":          {"time,Temp 1 °C,Temp 2 °C\n2026-11-23 12:00,4,5\n", "column", []string{`"Temp 1 °C"`, `"Temp 2 °C"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text), Options{})
			var u *Undecided
			if !errors.As(err, &u) || u.What != c.what || !slices.Equal(u.Choices, c.choices) {
				t.Fatalf("got %v", err)
			}
			for _, choice := range c.choices {
				if !strings.Contains(err.Error(), choice) {
					t.Errorf("%q does not name %s", err, choice)
				}
			}
		})
	}
}

// TestOneDayThatIsTheSameInBothOrdersDecidesNothing: 5/5 is followed by 6/5.
func TestOneDayThatIsTheSameInBothOrdersDecidesNothing(t *testing.T) {
	_, err := Read(strings.NewReader("time,°C\n05/05/2026 12:00,4\n06/05/2026 12:00,4\n"), Options{})
	var u *Undecided
	if !errors.As(err, &u) {
		t.Errorf("got %v", err)
	}
}

func TestAMistakeHasItsLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no number":              {"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:01,warm\n2026-11-23 12:02,4\n", `line 3: "warm" is no temperature`},
		"no time":                {"time,°C\n2026-11-23 12:00,4\nsomething,4\n2026-11-23 12:02,4\n", "line 3: "},
		"time runs back":         {"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:05,4\n2026-11-23 12:01,4\n2026-11-23 12:06,4\n", "line 4: time runs back, by 4m0s"},
		"one time, two values":   {"time,°C\n2026-11-23 12:00,4\n2026-11-23 12:00,5\n2026-11-23 12:01,4\n", "lines 2 and 3 have the same time and different values"},
		"no such day":            {"time,°C\n2026-02-30 12:00,4\n", "line 2: there is no such day"},
		"neither order":          {"time,°C\n13/01/2026 12:00,4\n01/13/2026 12:00,4\n", "lines 3 and 2: their dates are neither"},
		"comma and point":        {"time;°C\n2026-11-23 12:00;4,5\n2026-11-23 12:01;4.5\n", "line 2 has a decimal comma and line 3 a decimal point"},
		"another unit":           {"time,value\n2026-11-23 12:00,4 C\n2026-11-23 12:01,40 F\n", "line 3: \"40 F\" is not in °C"},
		"offsets here and there": {"time,°C\n2026-11-23T12:00:00Z,4\n2026-11-23T12:01:00,4\n", "as line 3, do not"},
		"thousands":              {"time;°C\n2026-11-23 12:00;1.234,5\n2026-11-23 12:01;4\n2026-11-23 12:02;4\n", "line 2: \"1.234,5\""},
		"nothing but marks":      {"time,value °C\n2026-11-23 12:00,###\n", "no column of numbers"},
		"empty":                  {"", "the file is empty"},
		"blank":                  {"\n \n", "the file is empty"},
		"prose":                  {"Dear Sir,\nplease find attached\n", "no line has a date"},
		"a spreadsheet":          {"PK\x03\x04....", "save the sheet as CSV"},
		"a PDF":                  {"%PDF-1.4\n...", "PDF"},
		"zero bytes":             {"time,°C\n2026\x00,4\nxxxxxxxxxxxxxxx\n", "line 2 has a zero byte"},
		"a report":               {"Device: Q-tag Fridge-tag 2\nHist:\n TS Actv: 2026-01-20 11:51\n", "lowest and highest of each day"},
		"a line without end":     {"time,°C\n2026-11-23 12:00," + strings.Repeat("4", 70_000) + "\n", "line 2 is longer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant … %s …, in one line", err, c.want)
			}
		})
	}
}

func TestWhatWasAskedForDoesNotOverrideTheFile(t *testing.T) {
	for _, c := range []struct {
		text string
		o    Options
		want string
	}{
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Unit: Fahrenheit}, "°F was asked for"},
		{"time,Temp °C\n23/11/2026 12:00,4\n", Options{Dates: MDY}, "no such day when dates are read as mdy"},
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Dates: MDY}, "say by themselves"},
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Column: "Humidity"}, `there are "time", "Temp °C"`},
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Column: "time"}, "holds the times"},
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Encoding: "ebcdic"}, "encoding"},
		{"time,Temp °C\n2026-11-23 12:00,4\n", Options{Unit: "k"}, "want c or f"},
	} {
		if _, err := Read(strings.NewReader(c.text), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want … %s", c.o, err, c.want)
		}
	}
}

func TestEncodings(t *testing.T) {
	utf16 := func(e unicode.Endianness, bom unicode.BOMPolicy) encoding.Encoding { return unicode.UTF16(e, bom) }
	western := "Gerät: Kühlhaus\nZeit;Temperatur °C\n23.11.2026 12:00;4,5\n"
	plain := "time,Temp °C\n2026-11-23 12:00,4.5\n"
	chinese := "设备：羊肉库\n时间,温度(℃)\n2026-11-23 12:00,4.5\n"
	for name, c := range map[string]struct {
		text string
		by   encoding.Encoding
		want Encoding
	}{
		"UTF-8":                        {chinese, encoding.Nop, UTF8},
		"UTF-8 with a mark":            {"\uFEFF" + chinese, encoding.Nop, UTF8},
		"UTF-16 little, marked":        {chinese, utf16(unicode.LittleEndian, unicode.UseBOM), UTF16LE},
		"UTF-16 big, marked":           {chinese, utf16(unicode.BigEndian, unicode.UseBOM), UTF16BE},
		"UTF-16 little":                {plain, utf16(unicode.LittleEndian, unicode.IgnoreBOM), UTF16LE},
		"UTF-16 big":                   {plain, utf16(unicode.BigEndian, unicode.IgnoreBOM), UTF16BE},
		"Latin-1":                      {western, charmap.ISO8859_1, Latin1},
		"Latin-1, a degree sign alone": {plain, charmap.ISO8859_1, Latin1},
		"GB18030":                      {chinese, simplifiedchinese.GB18030, GB18030},
		"GBK":                          {chinese, simplifiedchinese.GBK, GB18030},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := c.by.NewEncoder().String(c.text)
			if err != nil {
				t.Fatal(err)
			}
			log := read(t, b, Options{})
			if log.Encoding != c.want || said(log) != "0 4.5" || log.Unit != Celsius {
				t.Errorf("read as %s: %s in %s", log.Encoding, said(log), log.Unit)
			}
		})
	}
}

// TestTheHourThatComesTwiceAndTheOneThatIsLeftOut in Berlin, 2026.
func TestTheHourThatComesTwiceAndTheOneThatIsLeftOut(t *testing.T) {
	log := read(t, "time,°C\n2026-10-25 01:30,1\n2026-10-25 02:30,2\n2026-10-25 02:30,3\n2026-10-25 03:30,4\n", Options{Zone: zone(t, "Europe/Berlin")})
	for i, r := range log.Readings {
		if want := time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour); !r.At.Equal(want) {
			t.Errorf("reading %d is of %s, want %s", i, r.At, want)
		}
	}
	_, err := Read(strings.NewReader("time,°C\n2026-03-29 01:30,1\n2026-03-29 02:30,2\n"), Options{Zone: zone(t, "Europe/Berlin")})
	if err == nil || !strings.Contains(err.Error(), "line 3: no clock in Europe/Berlin showed that time") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAZoneItIsSaid(t *testing.T) {
	for text, want := range map[string]bool{"time,°C\n2026-11-23 12:00,4\n": false, "time,°C\n2026-11-23T12:00:00Z,4\n": true, "time UTC,°C\n2026-11-23 12:00:00,4\n": true} {
		if log := read(t, text, Options{Zone: time.UTC}); log.Zoned != want {
			t.Errorf("%q: zoned %v", text, log.Zoned)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"time,temp_c\n2026-11-23T20:00:00+08:00,4.5\n", "Zeit;Temperatur °C\n23.11.2026 12:00;4,5\n", "\xFF\xFEt\x00", "a\tb\n03/04/26 1:11 PM\t###\n",
		"\"a\"\"b\",\"c\n2026-11-23,12:00,4\n", "序号,时间,温度(℃)\n1,2026年11月23日 下午 12:00:00,4.5\n", "x: Thu Oct 11 12:11:00 CST 2012\n11/10/12 12:11:00 PM,C,22.5\n",
	} {
		f.Add([]byte(s), "", "")
	}
	f.Fuzz(func(t *testing.T, b []byte, unit, dates string) {
		log, err := Read(strings.NewReader(string(b)), Options{Unit: Unit(unit), Dates: Order(dates)})
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		lines := 1 + strings.Count(string(b), "\n") + strings.Count(string(b), "\r")
		if log.Encoding == UTF16LE || log.Encoding == UTF16BE {
			lines = len(b)
		}
		if len(log.Readings) == 0 {
			t.Error("no readings and no error")
		}
		for i, r := range log.Readings {
			if r.Line < 1 || r.Line > lines || !(r.C >= LowestC && r.C <= HighestC) || i > 0 && !r.At.After(log.Readings[i-1].At) {
				t.Fatalf("reading %d: %+v", i, r)
			}
		}
	})
}

func open(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open("../../../shared/data/" + name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the recorded log %s is not here", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestRecordedLogs: what is expected was read off the files with awk and a
// date program, not with this package.
func TestRecordedLogs(t *testing.T) {
	for name, c := range map[string]struct {
		o           Options
		readings    int
		first, last string
		firstC      float64
		lastC       float64
		encoding    Encoding
		unit        Unit
		dates       Order
	}{
		"ruuvi_fridge.csv":                           {Options{}, 368, "2020-05-05T07:21:56Z", "2020-05-06T07:17:21Z", 1.73, 3.28, UTF8, Celsius, ""},
		"ibutton_DS1921G_10a.csv":                    {Options{}, 1577, "2012-10-11T12:11:00Z", "2012-12-16T04:11:00Z", 22.5, 24, Latin1, Celsius, DMY},
		"nab_ambient_temperature_system_failure.csv": {Options{Unit: Fahrenheit}, 7267, "2013-07-04T00:00:00Z", "2014-05-28T15:00:00Z", (69.88083514 - 32) / 1.8, (72.58408858 - 32) / 1.8, UTF8, Fahrenheit, ""},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := Read(open(t, name), c.o)
			if err != nil {
				t.Fatal(err)
			}
			first, last := log.Readings[0], log.Readings[len(log.Readings)-1]
			if len(log.Readings) != c.readings || log.Encoding != c.encoding || log.Unit != c.unit || log.Dates != c.dates {
				t.Errorf("%d readings in %s, °%s, dates %q", len(log.Readings), log.Encoding, log.Unit, log.Dates)
			}
			if first.At.Format(time.RFC3339) != c.first || last.At.Format(time.RFC3339) != c.last || math.Abs(first.C-c.firstC) > 1e-8 || math.Abs(c.lastC-last.C) > 1e-8 {
				t.Errorf("from %+v to %+v", first, last)
			}
		})
	}
	t.Run("berlinger", func(t *testing.T) {
		_, err := Read(open(t, "berlinger_fridge_tag2_160400347643.txt"), Options{Unit: Celsius})
		if err == nil || !strings.Contains(err.Error(), "Fridge-tag's report") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nab without a unit", func(t *testing.T) {
		_, err := Read(open(t, "nab_ambient_temperature_system_failure.csv"), Options{})
		var u *Undecided
		if !errors.As(err, &u) || u.What != "unit" {
			t.Errorf("got %v", err)
		}
	})
}
