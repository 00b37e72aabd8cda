package tool

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
)

func verifyCommand() *cobra.Command {
	var key, audit, against string
	var beside companions
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify a certificate, or a county's audit; needs neither server nor network",
		Long: `Verifies a signed certificate (the PDF, or the JSON beside it) and says exactly
which part of it was altered. What is printed is the signed data.

Without --key the signature is checked with the key that the file itself names:
compare the fingerprint with the one that the county gives you by telephone or
prints in its own papers. With --key it must be that one: a fingerprint, a public
key, or the file of keys that the county publishes at /api/v1/keys.`,
		Example: `  coldchain verify CC-2026-0007.pdf --key "D6EC ED66 09C7 CD3F 02F9 8AEA D820 D1EB"
  coldchain verify CC-2026-0007.json --evidence CC-2026-0007.cbor.zst
  coldchain verify CC-2026-0007.json --authority tsa-root.pem
  coldchain verify --audit /var/lib/coldchain-collector/county.db --against CC-2026-0007.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case audit != "" && len(args) == 0:
				return verifyAudit(cmd, audit, against)
			case audit != "" || against != "" || len(args) != 1:
				return errors.New("verify either a certificate's FILE, or --audit DB with or without --against")
			}
			return verifyFile(args[0], key, beside, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&key, "key", "", "the county's key that you trust: fingerprint, public key, or file of published keys")
	f.StringVar(&beside.readings, "evidence", "", "the frozen readings (NUMBER.cbor.zst): computes their hash chain anew")
	f.StringVar(&beside.stamp, "timestamp", "", "the time stamp (NUMBER.tsr, RFC 3161; default: the one beside FILE), which --authority checks")
	f.StringVar(&beside.authority, "authority", "", "the time-stamp authority's root certificate that you trust (PEM)")
	f.StringVar(&audit, "audit", "", "a county.db at rest: verifies its pages and its audit from the first row to the last")
	f.StringVar(&against, "against", "", "with --audit: a head kept elsewhere, SEQ:HASH, or a certificate that holds one")
	return cmd
}

// companions are the files that may lie beside a certificate.
type companions struct {
	readings         string
	stamp, authority string
}

func verifyFile(path, key string, beside companions, out io.Writer) error {
	file, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	envelope := file
	isPDF := bytes.HasPrefix(file, []byte("%PDF-"))
	if isPDF {
		if envelope, err = certificate.Attached(file); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	r, err := evidence.Verify(bytes.NewReader(envelope))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if key != "" {
		keys, err := trusted(key, r)
		if err != nil {
			return err
		}
		if r, err = evidence.Verify(bytes.NewReader(envelope), keys...); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.Trust, r.Stranger = evidence.KeyGiven, r.Stranger || len(keys) == 0
	}
	ok := r.Intact()
	reportCertificate(out, path, r)
	if isPDF && ok {
		if ok, err = reportPages(out, file, envelope, r); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	stamped, err := reportStamp(out, path, beside, envelope, r)
	if err != nil {
		return err
	}
	ok = ok && stamped
	if beside.readings != "" {
		same, err := reportReadings(out, beside.readings, r)
		if err != nil {
			return err
		}
		ok = ok && same
	}
	if !ok {
		fmt.Fprintln(out, "\nNOT VERIFIED 核验不通过")
		return errReported
	}
	fmt.Fprintln(out, "\nVERIFIED 核验通过")
	return nil
}

// trusted are the keys that the person trusts for the time at which the
// certificate says it was made; none when it is of another key.
func trusted(text string, r evidence.Report) ([]ed25519.PublicKey, error) {
	if list, err := os.ReadFile(text); err == nil {
		keys, err := evidence.ParsePublicKeys(list)
		if err != nil {
			return nil, fmt.Errorf("--key %s: %w", text, err)
		}
		return keys.At(r.Document.Made), nil
	}
	plain := strings.ToUpper(strings.Join(strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ':' || c == '-' }), ""))
	if len(plain) == 32 && strings.Trim(plain, "0123456789ABCDEF") == "" {
		if strings.ReplaceAll(evidence.Fingerprint(r.Key), " ", "") == plain {
			return []ed25519.PublicKey{r.Key}, nil
		}
		return nil, nil
	}
	k, err := evidence.PublicKey{Key: text}.Public()
	if err != nil {
		return nil, fmt.Errorf("--key %.80q is no file of keys, no fingerprint (8 groups of 4) and no public key in base64", text)
	}
	return []ed25519.PublicKey{k}, nil
}

func reportCertificate(out io.Writer, path string, r evidence.Report) {
	d := r.Document
	fmt.Fprintf(out, "%s: certificate %q, version %d, made %s\n", filepath.Base(path), d.Number, d.Version, d.Made.Format(time.RFC3339))
	if d.Demo {
		fmt.Fprintln(out, "DEMONSTRATION 演示: people and firms are made up")
	}
	x, _ := d.Verdict()
	fmt.Fprintf(out, "  batch      %q, %q, %q\n  verdict    %s\n  coverage   %.1f %%, monitored until %s\n  readings   %d\n", d.Batch.Code, d.Batch.Product, d.Batch.Quantity, x.Decision,
		d.Exposure.Total.Coverage*100, d.Exposure.MonitoredUntil.Format(time.RFC3339), d.Readings.Count)
	if s := d.Supersedes; s != nil {
		fmt.Fprintf(out, "  corrects   %q, version %d: %q\n", s.Number, s.Version, s.Reason)
	}
	fmt.Fprintf(out, "  key        %s\n", evidence.Fingerprint(r.Key))
	switch {
	case r.Stranger:
		fmt.Fprintln(out, "  trust      THE KEY IS NOT THE ONE YOU GAVE: somebody else signed this")
	case r.Trust == evidence.KeyGiven:
		fmt.Fprintln(out, "  trust      the key you gave")
	default:
		fmt.Fprintln(out, "  trust      the key in the file itself: compare its fingerprint with the county's")
	}
	if r.Signed {
		fmt.Fprintln(out, "  signature  fits the seal")
	} else {
		fmt.Fprintln(out, "  signature  DOES NOT FIT: the seal, the key or the signature was altered")
	}
	for _, x := range r.Differences {
		fmt.Fprintf(out, "  %-9s  %s %s\n", strings.ToUpper(x.What), x.Part, x.Now)
	}
	if len(r.Differences) == 0 {
		fmt.Fprintln(out, "  document   every part is as sealed")
	}
	for _, x := range r.Audit {
		fmt.Fprintf(out, "  AUDIT      %s\n", x)
	}
}

// reportPages compares what a PDF shows with what it holds.
func reportPages(out io.Writer, file, envelope []byte, r evidence.Report) (bool, error) {
	fonts, err := certificate.LoadFonts()
	if err != nil && !errors.Is(err, certificate.ErrNoFont) {
		return false, err
	}
	same, err := certificate.Compare(file, fonts, r.Document, r.Key, envelope)
	if err != nil {
		return false, err
	}
	switch same {
	case certificate.PagesSame:
		fmt.Fprintln(out, "  pages      drawn from the signed data, byte by byte")
		return true, nil
	case certificate.PagesAltered:
		fmt.Fprintln(out, "  pages      ALTERED: they are not what this program draws from the signed data")
		return false, nil
	}
	fmt.Fprintf(out, "  pages      not compared: another version drew them (this is %q); rely on the data above, not on the pages\n", certificate.Layout())
	return true, nil
}

func reportReadings(out io.Writer, path string, r evidence.Report) (bool, error) {
	in, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer in.Close() // only read
	wrong, err := r.Document.CheckReadings(in)
	if err != nil {
		return false, err
	}
	for _, w := range wrong {
		fmt.Fprintf(out, "  READINGS   %s\n", w)
	}
	if len(wrong) == 0 {
		fmt.Fprintf(out, "  readings   the chain over %d readings is the signed one\n", r.Document.Readings.Count)
	}
	return len(wrong) == 0, nil
}
