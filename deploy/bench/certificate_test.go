//go:build bench

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
	"coldchain/gateway/evidence/evidencetest"
)

// TestCertificate: how long a certificate takes to draw, one of a calm batch and
// one of thirty stays with ten excursions; its font is read before.
func TestCertificate(t *testing.T) {
	fonts, err := certificate.LoadFonts()
	if errors.Is(err, certificate.ErrNoFont) {
		t.Skip("run `make font` first")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{evidencetest.Calm, evidencetest.Eventful} {
		envelope := evidencetest.Envelope(name)
		report, err := evidence.Verify(bytes.NewReader(envelope))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		took := make([]time.Duration, 9)
		for i := range took {
			out.Reset()
			began := time.Now()
			if err := certificate.PDF(&out, fonts, report.Document, report.Key, envelope); err != nil {
				t.Fatal(err)
			}
			took[i] = time.Since(began)
		}
		slices.Sort(took)
		fmt.Printf("certificate | %s, %d stays | PDF of %d kB in %d ms (median of %d)\n", name, len(report.Document.Exposure.Intervals), out.Len()/1000, took[len(took)/2].Milliseconds(), len(took))
	}
}
