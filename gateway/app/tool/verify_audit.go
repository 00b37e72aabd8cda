package tool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"coldchain/gateway/evidence"
	"coldchain/gateway/state"
)

// verifyAudit verifies a county.db at rest.
func verifyAudit(cmd *cobra.Command, path, against string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%s has a write-ahead log, so it is in use or was left by a killed collector: stop the collector, or verify a copy made with `coldchain backup`", path)
	}
	var kept []state.AuditHead
	if against != "" {
		h, err := keptHead(against)
		if err != nil {
			return err
		}
		kept = append(kept, h)
	}
	head, err := state.Verify(cmd.Context(), path, kept...)
	if err != nil {
		return err
	}
	rows, err := state.VerifyRows(cmd.Context(), path)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s: the audit holds from the first row to the last\nhead %d:%x\n", path, head.Seq, head.Hash)
	if rows.Covered() {
		fmt.Fprintf(out, "rows %d compared with the digests that the audit has of them, in %s\n", rows.Rows, strings.Join(rows.Tables, ", "))
	} else {
		fmt.Fprintln(out, "rows not compared: the audit has no digests of them yet; they begin when this version's collector first opens the file")
	}
	if len(rows.Summed) > 0 {
		fmt.Fprintf(out, "rows %d compared with the digest that each of these tables has: %s\n", rows.SummedOf, strings.Join(rows.Summed, ", "))
	}
	if len(rows.Uncovered) > 0 {
		fmt.Fprintf(out, "Without digests until this version's collector first opens the file, and so not compared: %s.\n", strings.Join(rows.Uncovered, ", "))
	}
	if len(kept) == 0 {
		fmt.Fprintln(out, "Not shown: that no row was cut off its end, or its whole tail rewritten. Keep this head elsewhere, or give --against a certificate.")
	} else {
		fmt.Fprintf(out, "It goes through row %d as it was kept.\n", kept[0].Seq)
	}
	for _, w := range rows.Wrong {
		fmt.Fprintln(out, "ALTERED", w)
	}
	if len(rows.Wrong) > 0 {
		return errReported
	}
	return nil
}

// keptHead reads SEQ:HASH, or the head of a certificate that verifies.
func keptHead(text string) (state.AuditHead, error) {
	if file, err := os.ReadFile(text); err == nil {
		r, err := evidence.Verify(bytes.NewReader(file))
		if err != nil {
			return state.AuditHead{}, fmt.Errorf("--against %s: %w", text, err)
		}
		if !r.Intact() {
			return state.AuditHead{}, fmt.Errorf("--against %s: the certificate itself does not verify: coldchain verify %s says why", text, text)
		}
		text = fmt.Sprintf("%d:%s", r.Document.Audit.HeadSeq, r.Document.Audit.HeadHash)
	}
	seq, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	sum, err2 := hex.DecodeString(hash)
	if err != nil || err2 != nil || n < 1 || len(sum) != sha256.Size {
		return state.AuditHead{}, fmt.Errorf("--against %.80q is neither a certificate's JSON nor SEQ:HASH with 64 hexadecimal digits", text)
	}
	return state.AuditHead{Seq: n, Hash: sum}, nil
}
