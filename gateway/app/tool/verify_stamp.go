package tool

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/timestamp"
)

// stampTolerance is by how much an authority's clock may be behind the county's.
const stampTolerance = 5 * time.Minute

// reportStamp checks the time stamp beside a certificate; without one that is all
// there is to say.
func reportStamp(out io.Writer, path string, beside companions, envelope []byte, r evidence.Report) (bool, error) {
	file := beside.stamp
	if file == "" {
		file = strings.TrimSuffix(path, filepath.Ext(path)) + ".tsr"
	}
	kept, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist) && beside.stamp == "" && beside.authority == "":
		return true, nil
	case err != nil:
		return false, fmt.Errorf("the time stamp: %w", err)
	case beside.authority == "":
		fmt.Fprintf(out, "  timestamp  NOT CHECKED: %s is there; give --authority with the root certificate that you trust\n", file)
		return true, nil
	}
	text, err := os.ReadFile(beside.authority)
	if err != nil {
		return false, fmt.Errorf("--authority: %w", err)
	}
	roots, err := timestamp.Roots(text)
	if err != nil {
		return false, fmt.Errorf("--authority %s: %w", beside.authority, err)
	}
	sum, err := evidence.SHA256(envelope)
	if err != nil {
		return false, err
	}
	var digest [32]byte
	if _, err := hex.Decode(digest[:], []byte(sum)); err != nil {
		return false, err
	}
	s, err := timestamp.Verify(kept, digest, roots)
	if err != nil {
		fmt.Fprintf(out, "  TIMESTAMP  %s\n", err)
		return false, nil
	}
	within := ""
	if s.Accuracy > 0 {
		within = fmt.Sprintf(" (±%s)", s.Accuracy)
	}
	fmt.Fprintf(out, "  timestamp  it existed at %s%s, says %q, number %s\n", s.At.Format(time.RFC3339), within, s.Authority, s.Serial)
	if s.At.Before(r.Document.Made.Add(-stampTolerance)) {
		fmt.Fprintf(out, "  TIMESTAMP  that is before %s, when it says it was made: the county's clock was wrong\n", r.Document.Made.Format(time.RFC3339))
		return false, nil
	}
	return true, nil
}
