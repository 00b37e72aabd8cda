package tool

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
)

// dossier is the part of a batch's dossier that this tool prints.
type dossier struct {
	Dossier struct {
		ID, Product, Quantity string
		Details               batch.Details
		Loggers               []batch.LoggerFile
		Verdicts              []struct {
			Version                      int
			Decision, Reason, By, Second string
			Severe                       bool
		}
	}
	Verdict struct{ Decision, Reason string }
	Against []struct {
		Holds bool
		EN    string
		ZH    string
	}
	Left string
}

func (a *api) showDossier(cmd *cobra.Command, d dossier) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s  %s  %s\nverdict: %s", d.Dossier.ID, d.Dossier.Product, d.Dossier.Quantity, d.Verdict.Decision)
	if d.Verdict.Reason != "" {
		fmt.Fprintf(out, " (%s)", d.Verdict.Reason)
	}
	fmt.Fprintln(out)
	d.standing(out)
	return nil
}

// standing prints what a batch's verdict waits for, and what stands against it.
func (d dossier) standing(out io.Writer) {
	if n := len(d.Dossier.Verdicts); n > 0 {
		if v := d.Dossier.Verdicts[n-1]; v.Severe && v.Second == "" {
			fmt.Fprintf(out, "version %d, %s by %s, waits for a second person: coldchain batch sign %s %d\n", v.Version, v.Decision, v.By, d.Dossier.ID, v.Version)
		}
	}
	if d.Left != "" {
		fmt.Fprintln(out, "not gone into another batch:", d.Left)
	}
	for _, o := range d.Against {
		mark := "against"
		if o.Holds {
			mark = "holds it"
		}
		fmt.Fprintf(out, "%s: %s / %s\n", mark, o.EN, o.ZH)
	}
}

// enter sends one thing to be written down and prints the dossier.
func (a *api) enter(cmd *cobra.Command, path string, body map[string]any) error {
	if a.key == "" {
		a.key = rand.Text()
	}
	var d dossier
	if err := a.do(cmd.Context(), http.MethodPost, path, body, &d); err != nil {
		return err
	}
	return a.showDossier(cmd, d)
}

func (a *api) verdict() *cobra.Command {
	var reason, quantity string
	cmd := &cobra.Command{
		Use: "verdict ID released|partially-released|on-hold|rejected --reason TEXT", Short: "Decide on a batch",
		Long: `Decides on a batch. Releasing against anything that stands holds only when a
second person has signed (coldchain batch sign). A missing document cannot be
signed away.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := a.named(map[string]any{"decision": args[1], "reason": reason, "quantity": quantity})
			if err != nil {
				return err
			}
			return a.enter(cmd, "/api/v1/batches/"+url.PathEscape(args[0])+"/verdicts", body)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().StringVar(&quantity, "quantity", "", "how much is released, of a partial release")
	_ = cmd.MarkFlagRequired("reason") // exists: defined above
	return cmd
}

func (a *api) sign() *cobra.Command {
	return &cobra.Command{
		Use: "sign ID VERSION", Short: "Sign a verdict as the second person", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := a.named(map[string]any{})
			if err != nil {
				return err
			}
			return a.enter(cmd, "/api/v1/batches/"+url.PathEscape(args[0])+"/verdicts/"+url.PathEscape(args[1])+"/signature", body)
		},
	}
}

// share reads ID or ID=QUANTITY.
func share(text string) map[string]any {
	id, quantity, _ := strings.Cut(text, "=")
	return map[string]any{"id": id, "quantity": strings.TrimSpace(quantity)}
}

func (a *api) derive(use, relation, short, example string) *cobra.Command {
	var into, from []string
	var at string
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sides := map[string]any{"relation": relation, "at": at}
			for name, list := range map[string][]string{"inputs": from, "outputs": into} {
				var shares []map[string]any
				for _, text := range list {
					shares = append(shares, share(text))
				}
				sides[name] = shares
			}
			body, err := a.named(sides)
			if err != nil {
				return err
			}
			return a.enter(cmd, "/api/v1/derivations", body)
		},
	}
	cmd.Flags().StringArrayVar(&from, "from", nil, "a batch it comes from: ID or ID=QUANTITY; may be given again")
	cmd.Flags().StringArrayVar(&into, "into", nil, "a batch that it becomes, or the container: ID or ID=QUANTITY; may be given again")
	cmd.Flags().StringVar(&at, "at", "", "when (RFC 3339; default now)")
	_ = cmd.MarkFlagRequired("from") // exist: defined above
	_ = cmd.MarkFlagRequired("into")
	return cmd
}

// derivations are the ways in which batches become others.
func (a *api) derivations() []*cobra.Command {
	return []*cobra.Command{
		a.derive("split", "split", "Divide a batch, or take a part of it", "  coldchain batch split --from HJQ-1 --into 'HJQ-1-A=100 kg' --into 'HJQ-1-B=40 kg' --actor 其其格"),
		a.derive("merge", "merge", "Put batches together to one", "  coldchain batch merge --from HJQ-1 --from HJQ-2 --into 'HJQ-3=280 kg' --actor 其其格"),
		a.derive("transform", "transform", "Make batches of others: carcasses of animals, boxes of carcasses", "  coldchain batch transform --from 'LOT-1=30 head' --into 'CAR-1=30 carcass' --actor 其其格"),
		a.derive("pack", "aggregate", "Pack batches into a container that moves with them", "  coldchain batch pack --from HJQ-1-A --from HJQ-2 --into PALLET-7 --actor 其其格"),
	}
}

// named adds who does it, with the PIN from its file.
func (a *api) named(body map[string]any) (map[string]any, error) {
	if a.actor == "" {
		return nil, errors.New("--actor is needed: who does this")
	}
	body["actor"] = a.actor
	if a.pinFile != "" {
		digits, err := config.ReadSecret(a.pinFile)
		if err != nil {
			return nil, fmt.Errorf("--pin-file: %w", err)
		}
		body["pin"] = digits.Reveal()
	}
	return body, nil
}

func (a *api) importList() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Book the batches of a list (.xlsx or CSV)",
		Long: `Books the batches of a list, .xlsx or CSV (UTF-8 or GB 18030), with a header in its
first ten lines. Columns (Chinese or English):

  批次号 batch *        品名 product *       档案 profile        数量 quantity
  货主 owner            货主信用代码          受托方 keeper        承运方 carrier
  库区 zone             入库时间 received     生产日期 produced    追溯码 trace code
  耳标 ear tags         生产许可证 sc         检疫证号 quarantine  检疫日期 quarantine date
  入库温度 product_c    测温位置 method (表面, 箱间, 中心)

Times are written 2026-11-23 08:00. Lines that cannot be booked are listed with
their number and hold up no other; with --check nothing is booked. The same list
may be sent again under the same --key: nothing is booked twice.`,
		Example: "  coldchain batch import today.xlsx --token-file web.token --actor 其其格",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sendList(cmd, args[0], check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "only say what is wrong with the list")
	return cmd
}

func (a *api) sendList(cmd *cobra.Command, path string, check bool) error {
	fields := map[string]any{}
	if !check {
		var err error
		if fields, err = a.named(fields); err != nil {
			return err
		}
	}
	list, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fields["check"] = fmt.Sprint(check)
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Hour)
	defer cancel()
	req, err := a.form(ctx, "/api/v1/import/batches", fields, filepath.Base(path), list)
	if err != nil {
		return err
	}
	if err := a.authorise(req); err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the collector: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // the status says enough
		return refusedBy(res.Status, text)
	}
	return a.followImport(cmd, res.Body, check)
}

// form is a request that sends fields and a file, under the key; without a name
// there is no file.
func (a *api) form(ctx context.Context, path string, fields map[string]any, name string, file []byte) (*http.Request, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var err error
	for field, value := range fields {
		err = errors.Join(err, form.WriteField(field, fmt.Sprint(value)))
	}
	if name != "" {
		part, partErr := form.CreateFormFile("file", name)
		if err = errors.Join(err, partErr); err == nil {
			_, err = part.Write(file)
		}
	}
	if err := errors.Join(err, form.Close()); err != nil {
		return nil, err
	}
	if a.key == "" {
		a.key = rand.Text()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(a.server, "/")+path, &body)
	if err != nil {
		return nil, fmt.Errorf("--server %s: %w", a.server, err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Idempotency-Key", a.key)
	return req, nil
}

// importLine is one line of the collector's answer.
type importLine struct {
	Done, Of, Rows int
	Report         *struct {
		Created, Already int
		Refused          []struct {
			Line          int
			Column, Batch string
			ZH, EN        string
		}
	}
	Error *struct {
		ZH string `json:"message_zh"`
		EN string `json:"message_en"`
	}
}

func (a *api) followImport(cmd *cobra.Command, body io.Reader, check bool) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 32<<20) // the report of many refused lines is one line
	for lines.Scan() {
		var l importLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("understand the collector's answer: %w", err)
		}
		if l.Report == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "\r%d / %d", l.Done, l.Of)
			if l.Done == l.Of {
				fmt.Fprintln(cmd.ErrOrStderr())
			}
			continue
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		for _, r := range l.Report.Refused {
			fmt.Fprintf(w, "line %d\t%s\t%s\t%s / %s\n", r.Line, r.Batch, r.Column, r.EN, r.ZH)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if check {
			fmt.Fprintf(cmd.OutOrStdout(), "%d lines can be booked, %d want mending\n", l.Rows, len(l.Report.Refused))
		} else {
			fmt.Fprintf(cmd.OutOrStdout(), "%d booked, %d were there already, %d not booked\n", l.Report.Created, l.Report.Already, len(l.Report.Refused))
		}
		if l.Error != nil {
			return fmt.Errorf("%s\n%s", l.Error.EN, l.Error.ZH)
		}
		if len(l.Report.Refused) > 0 {
			return errReported
		}
		return nil
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	return fmt.Errorf("the answer broke off; send the same list again with --key %s, nothing is booked twice", a.key)
}
