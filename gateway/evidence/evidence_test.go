package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/evidencetest"
)

func TestSignedCertificateVerifies(t *testing.T) {
	for _, name := range evidencetest.All() {
		envelope := evidencetest.Envelope(name)
		if again := evidencetest.Envelope(name); !bytes.Equal(envelope, again) {
			t.Errorf("%s: signing twice gives two files", name)
		}
		r, err := evidence.Verify(bytes.NewReader(envelope))
		if err != nil || !r.Intact() || r.Trust != evidence.KeyInFile {
			t.Errorf("%s: %+v %v", name, r.Differences, err)
		}
		t.Logf("%s: %d bytes", name, len(envelope))
		public := evidencetest.Key().Public().(ed25519.PublicKey)
		if r, err := evidence.Verify(bytes.NewReader(envelope), public); err != nil || !r.Intact() || r.Trust != evidence.KeyGiven {
			t.Errorf("%s with the key given: %v", name, err)
		}
		other, _, _ := ed25519.GenerateKey(nil)
		if r, err := evidence.Verify(bytes.NewReader(envelope), other); err != nil || r.Intact() || !r.Stranger {
			t.Errorf("%s verifies with a key that did not sign it: %v", name, err)
		}
	}
}

// A file that was laid out anew, by an editor or a mail program, says the same.
func TestLayoutDoesNotMatter(t *testing.T) {
	var b bytes.Buffer
	if err := json.Indent(&b, evidencetest.Envelope(evidencetest.Calm), "", "   "); err != nil {
		t.Fatal(err)
	}
	if r, err := evidence.Verify(&b); err != nil || !r.Intact() {
		t.Errorf("%+v %v", r.Differences, err)
	}
}

func TestNamesWhatWasAltered(t *testing.T) {
	text := string(evidencetest.Envelope(evidencetest.Eventful))
	for _, c := range []struct{ old, new, part, what string }{
		{`"quantity":"240 kg"`, `"quantity":"340 kg"`, "/batch/quantity", evidence.Changed},
		{`"decision":"on-hold"`, `"decision":"released"`, "/verdicts/0/decision", evidence.Changed},
		{`"name":"演示杭锦旗冷链仓储有限公司"`, `"name":"另一家公司"`, "/parties/1/name", evidence.Changed},
		{`"demo":true`, `"demo":false`, "/demo", evidence.Changed},
		{`"demo":true,`, ``, "/demo", evidence.Removed},
		{`"demo":true,`, `"demo":true,"grade":"合格",`, "/grade", evidence.Added},
		{`"product_c":7.9`, `"product_c":3.9`, "/handovers/3/product_c", evidence.Changed},
		{`"cause":"sensor-fault"`, `"cause":"restart"`, "/exposure/intervals/2/summary", evidence.Changed},
		{`"version":2},"format":"coldchain certificate 1","seal"`, `"version":"two"},"format":"coldchain certificate 1","seal"`, "/version", evidence.Changed},
		{`"certificate":"RD2026-0611-22"`, `"certificate":"RD2026-0611-23"`, "/probes/2/certificate", evidence.Changed},
	} {
		altered := strings.Replace(text, c.old, c.new, 1)
		if altered == text {
			t.Errorf("%s is not in the envelope", c.old)
			continue
		}
		r, err := evidence.Verify(strings.NewReader(altered))
		if err != nil || r.Intact() {
			t.Errorf("%s: not found (%v)", c.new, err)
			continue
		}
		if !slices.ContainsFunc(r.Differences, func(d evidence.Difference) bool { return d.Part == c.part && d.What == c.what }) {
			t.Errorf("%s: want %s %s, got %+v", c.new, c.part, c.what, r.Differences)
		}
		if !r.Signed {
			t.Errorf("%s: the seal was not touched and its signature does not fit", c.new)
		}
	}
}

// Whoever also changes the seal has the signature against him.
func TestSealCannotBeMadeToFit(t *testing.T) {
	d := evidencetest.Document(evidencetest.Calm)
	_, stranger, _ := ed25519.GenerateKey(nil)
	d.Batch.Quantity = "340 kg"
	forged, err := evidence.Sign(d, stranger)
	if err != nil {
		t.Fatal(err)
	}
	var e evidence.Envelope
	if err := json.Unmarshal(forged, &e); err != nil {
		t.Fatal(err)
	}
	var real evidence.Envelope
	if err := json.Unmarshal(evidencetest.Envelope(evidencetest.Calm), &real); err != nil {
		t.Fatal(err)
	}
	e.Signature = real.Signature
	text, _ := json.Marshal(e)
	r, err := evidence.Verify(bytes.NewReader(text))
	if err != nil || r.Signed || r.Intact() {
		t.Errorf("a seal of another document verifies: %+v %v", r, err)
	}
}

// Of a whole envelope no byte can be altered without its being found. Every
// 19th is tried, and every one of the signature; FuzzVerify tries the others.
func TestAlteredBytes(t *testing.T) {
	d := evidencetest.Document(evidencetest.Undecided)
	// Small, for speed: a byte is a byte.
	d.Chart, d.Methods, d.Standards, d.Places, d.Probes, d.Parties = d.Chart[:0], d.Methods[:0], d.Standards[:0], d.Places[:1], d.Probes[:1], d.Parties[:1]
	d.Documents, d.Exposure.Intervals[0].Humidity, d.Exposure.Life = d.Documents[:0], nil, nil
	envelope, err := evidence.Sign(d, evidencetest.Key())
	if err != nil {
		t.Fatal(err)
	}
	missed := 0
	signature := bytes.Index(envelope, []byte(`"signature":`))
	for i := 0; i < len(envelope); i++ {
		if i < signature && i%19 != 0 {
			continue
		}
		altered := bytes.Clone(envelope)
		altered[i] ^= byte(1 << (i % 7))
		r, err := evidence.Verify(bytes.NewReader(altered))
		if err == nil && r.Intact() {
			if missed++; missed < 10 {
				t.Errorf("byte %d: %q became %q and nobody saw", i, envelope[i], altered[i])
			}
		}
	}
}

func TestRefusesWhatIsNoCertificate(t *testing.T) {
	good := string(evidencetest.Envelope(evidencetest.Undecided))
	for name, text := range map[string]string{
		"empty":          "",
		"no JSON":        "%PDF-1.4",
		"a name twice":   strings.Replace(good, `"demo":true`, `"demo":true,"demo":true`, 1),
		"another format": strings.Replace(good, `"format":"coldchain certificate 1","seal"`, `"format":"coldchain certificate 9","seal"`, 1),
		"extra part":     strings.Replace(good, `{"document"`, `{"also":1,"document"`, 1),
		"cut short":      good[:len(good)-2],
	} {
		if text == good {
			t.Errorf("%s: the test alters nothing", name)
		}
		if r, err := evidence.Verify(strings.NewReader(text)); err == nil {
			t.Errorf("%s: %+v", name, r.Intact())
		}
	}
}

func FuzzVerify(f *testing.F) {
	good := evidencetest.Envelope(evidencetest.Undecided)
	f.Add(good)
	f.Add([]byte(`{"document":{},"format":"coldchain certificate 1","seal":{},"signature":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		public := evidencetest.Key().Public().(ed25519.PublicKey)
		r, err := evidence.Verify(bytes.NewReader(text), public)
		if err != nil || !r.Intact() {
			return
		}
		a, _ := evidence.SHA256(text)
		b, _ := evidence.SHA256(good)
		if a != b {
			t.Errorf("another text than the signed one verifies: %s", text)
		}
	})
}
