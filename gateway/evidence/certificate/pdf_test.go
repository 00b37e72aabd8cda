package certificate

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
)

func loadFonts(t testing.TB) Fonts {
	t.Helper()
	f, err := LoadFonts()
	if errors.Is(err, ErrNoFont) {
		evidencetest.Lacks(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func public() ed25519.PublicKey { return evidencetest.Key().Public().(ed25519.PublicKey) }

// pdf draws a fixture.
func pdf(t testing.TB, f Fonts, name string) []byte {
	t.Helper()
	return draw(t, f, evidencetest.Document(name), evidencetest.Envelope(name))
}

func draw(t testing.TB, f Fonts, d evidence.Document, envelope []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := PDF(&b, f, d, public(), envelope); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool runs a program of Debian's over a PDF and returns what it says.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	out, err := exec.Command(path, args...).Output() // zbarimg complains of things that are not there
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

func save(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a buyer and an inspector look for stands on the first page, as another
// program reads it.
func TestFirstPage(t *testing.T) {
	f := loadFonts(t)
	for name, want := range map[string][]string{
		evidencetest.Calm:      {"放行", "全程没有超限", "100.0", "11-26 10:00", "演示塔拉沟农牧业专业合作社"},
		evidencetest.Eventful:  {"部分放行", "200 kg", "更正 corrects CC-2026-0008", "第 2 版", "下限 −1", "共 30 段", "不监测", "98.7"},
		evidencetest.Undecided: {"尚未判定", "没有校准证书", "没有缺口"},
		evidencetest.Frozen:    {"拒收", "−11.8", "无此限值", "无适用模型", "复核 second: 巴雅尔"},
	} {
		d := evidencetest.Document(name)
		text := tool(t, "pdftotext", "-layout", "-l", "1", save(t, "a.pdf", pdf(t, f, name)), "-")
		want = append(want, "冷链温度记录证明", d.Number, d.Batch.Code, "NO.1506250012345", d.County.Phone, evidence.Fingerprint(public()), "公章", "监测到",
			"不替代动物检疫证明或检验报告", "does not replace the quarantine certificate or a test report", "演示数据")
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the first page does not say %q", name, w)
			}
		}
		if strings.Contains(text, "合格证") {
			t.Errorf("%s: the first page calls something a certificate of conformity", name)
		}
		if f := d.Page; strings.Contains(text, f) {
			t.Errorf("%s: the address of the public page is printed beside its code", name)
		}
	}
}

// Every page is drawn by another program, and the QR code read by one.
func TestPagesAreDrawnAndTheCodeIsRead(t *testing.T) {
	f := loadFonts(t)
	for _, name := range evidencetest.All() {
		d := evidencetest.Document(name)
		path := save(t, "a.pdf", pdf(t, f, name))
		picture := filepath.Join(t.TempDir(), "page")
		tool(t, "pdftoppm", "-r", "150", "-l", "1", "-png", path, picture)
		tool(t, "pdftoppm", "-r", "30", "-f", "2", "-png", path, picture)
		pages, err := filepath.Glob(picture + "*.png")
		if err != nil || len(pages) < 2 {
			t.Fatalf("%s: %v %v", name, pages, err)
		}
		if says := strings.TrimSpace(tool(t, "zbarimg", "-q", "--raw", pages[0])); says != d.Page {
			t.Errorf("%s: the code says %q, the document %q", name, says, d.Page)
		}
		info := tool(t, "pdfinfo", path)
		if !strings.Contains(info, "Pages:           "+strconv.Itoa(len(pages))) || !strings.Contains(info, "A4") {
			t.Errorf("%s: %s", name, info)
		}
	}
}

func TestAnnexesSayEverything(t *testing.T) {
	f := loadFonts(t)
	d := evidencetest.Document(evidencetest.Eventful)
	text := tool(t, "pdftotext", "-layout", "-f", "2", save(t, "a.pdf", pdf(t, f, evidencetest.Eventful)), "-")
	flat := strings.Join(strings.Fields(text), "")
	for _, want := range []string{"每一段停留", "温度记录表", "每一次超限", "每一个缺口", "探头故障", "手工测温", "报警与处置", "交接", "保留意见接收", "单证", "动物检疫合格证明", "判定的每一版", "暂扣待查",
		"分批", "探头与校准", "限值及出处", "GB31605-2020", "Koutsoumanis", "审计记录", "所用读数的哈希链", d.Readings.Digest, d.Audit.HeadHash} {
		if !strings.Contains(flat, want) {
			t.Errorf("the annexes do not say %q", want)
		}
	}
	if got := strings.Count(text, "hq/chill-2/air"); got < 17 {
		t.Errorf("a point of seventeen stays is named %d times", got)
	}
}

// The same document gives the same file, whoever draws beside it: a verifier
// draws it again and compares.
func TestSameDocumentSameFile(t *testing.T) {
	f := loadFonts(t)
	first := pdf(t, f, evidencetest.Eventful)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var b bytes.Buffer
			if err := PDF(&b, f, evidencetest.Document(evidencetest.Eventful), public(), evidencetest.Envelope(evidencetest.Eventful)); err != nil {
				t.Error(err)
			}
			if !bytes.Equal(b.Bytes(), first) {
				t.Error("drawn again, it is another file")
			}
		})
	}
	group.Wait()
	other := evidencetest.Document(evidencetest.Eventful)
	other.Batch.Quantity = "241 kg"
	if bytes.Equal(draw(t, f, other, evidencetest.Envelope(evidencetest.Eventful)), first) {
		t.Error("another quantity gives the same file")
	}
}

func TestEnvelopeIsAttached(t *testing.T) {
	f := loadFonts(t)
	envelope := evidencetest.Envelope(evidencetest.Calm)
	file := pdf(t, f, evidencetest.Calm)
	got, err := Attached(file)
	if err != nil || !bytes.Equal(got, envelope) {
		t.Fatalf("%d bytes, want %d: %v", len(got), len(envelope), err)
	}
	// As another program takes it out.
	out := filepath.Join(t.TempDir(), "a.json")
	tool(t, "pdfdetach", "-save", "1", "-o", out, save(t, "a.pdf", file))
	if saved, err := os.ReadFile(out); err != nil || !bytes.Equal(saved, envelope) {
		t.Errorf("pdfdetach saves something else: %v", err)
	}
	for name, broken := range map[string][]byte{"no PDF": envelope, "without": []byte("%PDF-1.4\n"), "cut short": file[:len(file)/8], "two": append(bytes.Clone(file), file...)} {
		if _, err := Attached(broken); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Whatever people typed, and however much of it, a sheet is drawn.
func TestHostileText(t *testing.T) {
	f := loadFonts(t)
	d := evidencetest.Document(evidencetest.Eventful)
	long := strings.Repeat("长", 2000)
	d.Batch.Product, d.Batch.Quantity = "𠮷田\u202e羊\x00肉\uE000\n"+long, strings.Repeat("W", 3000)
	d.Verdicts[1].Reason, d.County.Office = long+strings.Repeat("x", 2000), ""
	d.Handovers[0].Note = strings.Repeat("备注 ", 5000)
	d.Alarms[0].Closing.Cause, d.Alarms[0].Rule, d.Alarms[0].Steps = "made-up", "of-a-newer-program", nil
	d.Places, d.Probes, d.Chart, d.Table = nil, nil, nil, nil
	text := tool(t, "pdftotext", "-layout", save(t, "a.pdf", draw(t, f, d, []byte("{}"))), "-")
	if !strings.Contains(text, "〓田羊肉〓") {
		t.Error("what cannot be shown is not marked")
	}
	for _, want := range []string{"made-up", "of-a-newer-program"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is lost", want)
		}
	}
}

func TestNoFont(t *testing.T) {
	err := PDF(&bytes.Buffer{}, Fonts{}, evidencetest.Document(evidencetest.Calm), public(), nil)
	if !errors.Is(err, ErrNoFont) {
		t.Error(err)
	}
}

func FuzzAttached(f *testing.F) {
	f.Add([]byte("%PDF-1.4\n<< /Type /EmbeddedFile /Length 8 /Filter /FlateDecode /Params <<>> >>\nstream\n12345678"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _ = Attached(file) // must not panic, nor take more than its bound
	})
}

func BenchmarkPDF(b *testing.B) {
	fonts := loadFonts(b)
	for _, name := range []string{evidencetest.Calm, evidencetest.Eventful} {
		d, envelope := evidencetest.Document(name), evidencetest.Envelope(name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var out bytes.Buffer
				if err := PDF(&out, fonts, d, public(), envelope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A page can be changed without touching the attached data: comparing finds it.
func TestAlteredPages(t *testing.T) {
	f := loadFonts(t)
	d, envelope := evidencetest.Document(evidencetest.Calm), evidencetest.Envelope(evidencetest.Calm)
	file := pdf(t, f, evidencetest.Calm)
	compare := func(file []byte, f Fonts) Compared {
		t.Helper()
		c, err := Compare(file, f, d, public(), envelope)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := compare(file, f); got != PagesSame {
		t.Errorf("untouched: %s", got)
	}
	other := d
	other.Batch.Quantity = "340 kg"
	if got := compare(draw(t, f, other, envelope), f); got != PagesAltered {
		t.Errorf("another quantity on the page: %s", got)
	}
	if got := compare(append(bytes.Clone(file), "\n% more\n"...), f); got != PagesAltered {
		t.Errorf("something behind the end: %s", got)
	}
	if got := compare([]byte("%PDF-1.4 of another program"), f); got != PagesUnknown {
		t.Errorf("another program's: %s", got)
	}
	if got := compare(file, Fonts{}); got != PagesUnknown {
		t.Errorf("without a font: %s", got)
	}
}
