package tool

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/cobra"

	"coldchain/gateway/epcis"
)

// largestEPCIS bounds a document that is fetched.
const largestEPCIS = 64 << 20

// epcisCommand writes a batch's EPCIS 2.0 document, or checks one.
func epcisCommand() *cobra.Command {
	a := &api{}
	var file, check string
	cmd := &cobra.Command{
		Use:   "epcis (BATCH [--out FILE] | --check FILE)",
		Short: "Write a batch's history as an EPCIS 2.0 document, or check one",
		Long: `Write a batch's history as an EPCIS 2.0 document in JSON-LD: where it came from, where it lay,
what was measured, what was decided. Every event is named by the hash of what it says (CBV 2.0).

With --check no collector is asked: units, check digits of GS1 keys, event ids and what else the
official JSON schema lets through are looked at in the file, whoever wrote it.`,
		Example: "  coldchain epcis HJQ261123-TLG-007 --out HJQ261123-TLG-007.jsonld\n  coldchain epcis --check from-the-dealer.jsonld",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (check == "") == (len(args) == 0) {
				return errors.New("say either a BATCH or --check FILE")
			}
			if check != "" {
				return checkEPCIS(cmd, check)
			}
			document, err := a.epcis(cmd, args[0])
			if err != nil {
				return err
			}
			if file == "" {
				_, err := cmd.OutOrStdout().Write(document)
				return err
			}
			// What is there already may be the only copy of something.
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
			if err != nil {
				return fmt.Errorf("--out: %w", err)
			}
			_, err = f.Write(document)
			if err := errors.Join(err, f.Close()); err != nil {
				return errors.Join(fmt.Errorf("--out: %w", err), os.Remove(file))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.Flags().StringVar(&file, "out", "", "new file to write (default: standard output)")
	cmd.Flags().StringVar(&check, "check", "", "EPCIS document to check")
	return cmd
}

func (a *api) epcis(cmd *cobra.Command, batch string) ([]byte, error) {
	res, err := a.get(cmd.Context(), "/api/v1/batches/"+url.PathEscape(batch)+"/epcis")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	document, err := io.ReadAll(io.LimitReader(res.Body, largestEPCIS+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the collector's answer: %w", err)
	case res.StatusCode != http.StatusOK:
		return nil, refusedBy(res.Status, document)
	case len(document) > largestEPCIS:
		return nil, fmt.Errorf("the document of %s is larger than %d MiB", batch, largestEPCIS>>20)
	}
	// It was checked over there, and has travelled since.
	if err := epcis.Check(document); err != nil {
		return nil, fmt.Errorf("what the collector sent for %s is not right: %w", batch, err)
	}
	return document, nil
}

func checkEPCIS(cmd *cobra.Command, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--check: %w", err)
	}
	defer f.Close()
	document, err := io.ReadAll(io.LimitReader(f, largestEPCIS+1))
	if err != nil {
		return fmt.Errorf("--check: %w", err)
	}
	if len(document) > largestEPCIS {
		return fmt.Errorf("--check: %s is larger than %d MiB", file, largestEPCIS>>20)
	}
	if err := epcis.Check(document); err != nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%s:\n%v\n", file, err)
		return errReported
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing wrong that the official JSON schema would let through\n", file)
	return nil
}
