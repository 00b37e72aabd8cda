package tool

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"coldchain/gateway/files"
)

// largestCertificate bounds a paper that is fetched.
const largestCertificate = 64 << 20

type listedCertificate struct {
	Number  string
	Version int
	Made    string
	By      string
	Page    string
	// Timestamp is how far the time stamp is; "there": the file can be had.
	Timestamp struct{ State string }
}

// certificateCommand makes a batch's certificate and fetches the papers.
func certificateCommand() *cobra.Command {
	a := &api{}
	var folder, reason string
	var last bool
	cmd := &cobra.Command{
		Use:   "certificate BATCH --actor NAME [--out DIR]",
		Short: "Make a batch's signed certificate of temperatures",
		Long: `Make the certificate 冷链温度记录证明 of a batch: what it went through is worked out, the readings
that were used are frozen, and the county signs. Written into --out: NUMBER.pdf for people,
NUMBER.html where the program has no font, and NUMBER.json, the signed file, which
"coldchain verify" checks without any server; and NUMBER.tsr, the time stamp, once there is one. A batch's second certificate needs a --reason.`,
		Example: "  coldchain certificate HJQ261123-TLG-007 --actor 萨仁 --token-file token --out papers",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/api/v1/batches/" + url.PathEscape(args[0]) + "/certificates"
			var answer struct {
				Certificate  listedCertificate
				Certificates []listedCertificate
			}
			method, body := http.MethodGet, any(nil)
			if !last {
				named, err := a.named(map[string]any{"reason": reason})
				if err != nil {
					return err
				}
				method, body = http.MethodPost, named
				if a.key == "" {
					a.key = rand.Text()
				}
			}
			if err := a.do(cmd.Context(), method, path, body, &answer); err != nil {
				return err
			}
			if !last {
				return a.papers(cmd, answer.Certificate, folder)
			}
			if len(answer.Certificates) == 0 {
				return fmt.Errorf("batch %s has no certificate yet", args[0])
			}
			return a.papers(cmd, answer.Certificates[0], folder)
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.Flags().StringVar(&a.actor, "actor", "", "who has it made, for the paper and the audit")
	cmd.Flags().StringVar(&a.pinFile, "pin-file", "", "file that holds the PIN of --actor, where that is somebody of the roster")
	cmd.Flags().StringVar(&a.key, "key", "", "idempotency key: repeat a request under the same key and one paper is made (default: a new one)")
	cmd.Flags().StringVar(&reason, "reason", "", "why it is made anew")
	cmd.Flags().BoolVar(&last, "last", false, "make none: fetch the newest")
	cmd.Flags().StringVar(&folder, "out", ".", "folder for the papers")
	return cmd
}

// papers fetches the signed file, and what people read.
func (a *api) papers(cmd *cobra.Command, c listedCertificate, folder string) error {
	forms := []string{"json", "pdf"}
	if c.Timestamp.State == "there" {
		forms = append(forms, "tsr")
	}
	for _, form := range forms {
		paper, status, err := a.paper(cmd, c.Number, form)
		if err == nil && form == "pdf" && status == http.StatusConflict { // it says what to do; the page prints as well
			form = "html"
			paper, status, err = a.paper(cmd, c.Number, form)
		}
		if err == nil && status != http.StatusOK {
			err = refusedBy(fmt.Sprint(status, " ", http.StatusText(status)), paper)
		}
		if err != nil {
			return fmt.Errorf("certificate %s as %s: %w", c.Number, form, err)
		}
		path := filepath.Join(folder, filepath.Base(c.Number)+"."+form)
		if old, err := os.ReadFile(path); err == nil && !slices.Equal(old, paper) {
			return fmt.Errorf("%s is there already and is another; it was left", path)
		}
		if err := files.Write(path, paper); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		fmt.Fprintln(cmd.OutOrStdout(), path)
	}
	if c.Timestamp.State == "asked" {
		fmt.Fprintln(cmd.OutOrStdout(), "the time stamp is asked for: --last fetches it when the authority has answered")
	}
	if c.Page != "" {
		fmt.Fprintln(cmd.OutOrStdout(), c.Page)
	}
	return nil
}

func (a *api) paper(cmd *cobra.Command, number, form string) ([]byte, int, error) {
	res, err := a.get(cmd.Context(), "/api/v1/certificates/"+url.PathEscape(number)+"/"+form)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, largestCertificate+1))
	if err == nil && len(text) > largestCertificate {
		err = errors.New("the answer is too large for a certificate")
	}
	return text, res.StatusCode, err
}
