package tool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
)

// api is the collector's HTTP interface as this tool uses it.
type api struct {
	server, tokenFile, key, actor, pinFile string
}

func batchCommand() *cobra.Command {
	a := &api{}
	cmd := &cobra.Command{Use: "batch", Short: "Book traceability batches with the collector"}
	cmd.PersistentFlags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.PersistentFlags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.PersistentFlags().StringVar(&a.key, "key", "", "idempotency key: repeat a request under the same key and it is carried out once (default: a new one)")
	cmd.PersistentFlags().StringVar(&a.actor, "actor", "", "who does this, for the audit")
	cmd.PersistentFlags().StringVar(&a.pinFile, "pin-file", "", "file that holds the PIN of --actor, where that is somebody of the roster")
	cmd.AddCommand(a.create(), a.move(), a.list(), a.show(), a.verdict(), a.sign(), a.importList())
	cmd.AddCommand(a.derivations()...)
	cmd.AddCommand(a.entries()...)
	return cmd
}

func (a *api) create() *cobra.Command {
	body := map[string]*string{}
	var celsius float64
	cmd := &cobra.Command{
		Use:     "create ID --zone SITE/ZONE --product NAME",
		Short:   "Book a new batch into a zone",
		Example: "  coldchain batch create HJQ261123-TLG-007 --product 塔拉沟山羊肉 --zone balagong/mutton --quantity '240 kg'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			request, err := a.claimed(map[string]any{"id": args[0]})
			if err != nil {
				return err
			}
			for name, value := range body {
				request[name] = *value
			}
			if cmd.Flags().Changed("celsius") {
				request["product_c"] = celsius
			}
			return a.write(cmd, "/api/v1/batches", request)
		},
	}
	for name, usage := range map[string]string{
		"zone": "where it lies: site/zone", "product": "what it is, for people", "profile": "product profile",
		"quantity": "as written on the slip", "owner": "whose it is",
		"override": "why it comes where it does not agree with the room or with what lies there (needs --actor)", "at": "since when (RFC 3339; default now)",
		"method": "where the goods were measured: surface, between-packs or core",
	} {
		body[name] = cmd.Flags().String(name, "", usage)
	}
	cmd.Flags().Float64Var(&celsius, "celsius", 0, "how warm the goods are that come in, °C (with --method)")
	_ = cmd.MarkFlagRequired("zone") // exists: defined above
	_ = cmd.MarkFlagRequired("product")
	return cmd
}

func (a *api) move() *cobra.Command {
	var to, at, override, place, method string
	var celsius float64
	var left bool
	var courier batch.Courier
	var packing float64
	cmd := &cobra.Command{
		Use:   "move ID (--to SITE/ZONE | --place WORDS | --left)",
		Short: "Book a batch into another zone, or out of the cold chain",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if one := left != (to != "") != (place != ""); !one || left && to != "" && place != "" {
				return errors.New("say one of --to SITE/ZONE, --place WORDS and --left")
			}
			request, err := a.claimed(map[string]any{"zone": to, "place": place, "at": at, "override": override, "method": method})
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("celsius") {
				request["product_c"] = celsius
			}
			if courier.Waybill != "" || courier.Firm != "" {
				if cmd.Flags().Changed("packing") {
					courier.PackingC = &packing
				}
				request["courier"] = courier
			}
			return a.write(cmd, "/api/v1/batches/"+url.PathEscape(args[0])+"/moves", request)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the zone that holds it from now on: site/zone")
	cmd.Flags().StringVar(&override, "override", "", "why it comes where it does not agree with the room or with what lies there (needs --actor)")
	cmd.Flags().StringVar(&place, "place", "", "where nothing watches it from now on, in words: a village shop, a ramp")
	cmd.Flags().StringVar(&courier.Firm, "courier", "", "the courier who takes it; measured coverage ends")
	cmd.Flags().StringVar(&courier.Waybill, "waybill", "", "the courier's number")
	cmd.Flags().IntVar(&courier.Ice, "ice", 0, "packs of ice in the box")
	cmd.Flags().Float64Var(&packing, "packing", 0, "temperature of the goods at packing, °C")
	cmd.Flags().Float64Var(&celsius, "celsius", 0, "how warm the goods are that come in, °C (with --method)")
	cmd.Flags().StringVar(&method, "method", "", "where the goods were measured: surface, between-packs or core")
	cmd.Flags().BoolVar(&left, "left", false, "it has left the county's cold chain")
	cmd.Flags().StringVar(&at, "at", "", "since when (RFC 3339; default now)")
	return cmd
}

func (a *api) list() *cobra.Command {
	var search, zone string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List batches and where they lie",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			for name, value := range map[string]string{"search": search, "zone": zone} {
				if value != "" {
					query.Set(name, value)
				}
			}
			var answer struct{ Batches []bookedBatch }
			if err := a.do(cmd.Context(), http.MethodGet, "/api/v1/batches?"+query.Encode(), nil, &answer); err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, b := range answer.Batches {
				fmt.Fprintln(w, b)
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&search, "search", "", "part of the code, product or owner")
	cmd.Flags().StringVar(&zone, "zone", "", "only what lies there now: site/zone")
	return cmd
}

// claimed adds who books, if somebody said so.
func (a *api) claimed(body map[string]any) (map[string]any, error) {
	if a.actor == "" {
		return body, nil
	}
	return a.named(body)
}

type bookedBatch struct {
	ID, Product, Quantity, Zone string
	Custody                     []struct{ From time.Time }
}

func (b bookedBatch) String() string {
	where := b.Zone
	if where == "" {
		where = "left"
	}
	since := ""
	if n := len(b.Custody); n > 0 {
		since = "since " + b.Custody[n-1].From.Local().Format("2006-01-02 15:04")
	}
	return strings.Join([]string{b.ID, b.Product, b.Quantity, where, since}, "\t")
}

// write sends a request that changes something and prints what came of it.
func (a *api) write(cmd *cobra.Command, path string, body map[string]any) error {
	for name, value := range body {
		if value == "" && name != "zone" {
			delete(body, name)
		}
	}
	if a.key == "" {
		a.key = rand.Text()
	}
	var answer struct{ Batch bookedBatch }
	if err := a.do(cmd.Context(), http.MethodPost, path, body, &answer); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), answer.Batch)
	return nil
}

func (a *api) do(ctx context.Context, method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.server, "/")+path, payload)
	if err != nil {
		return fmt.Errorf("--server %s: %w", a.server, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", a.key)
	}
	return a.send(req, answer)
}

// send shows the token, asks, and understands the answer.
func (a *api) send(req *http.Request, answer any) error {
	if err := a.authorise(req); err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the collector: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("read the collector's answer: %w", err)
	}
	if res.StatusCode >= 300 {
		return a.refusedBy(res.StatusCode, res.Status, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("understand the collector's answer: %w", err)
	}
	return nil
}

// authorise shows the token, if there is one.
func (a *api) authorise(req *http.Request) error {
	if a.tokenFile == "" {
		return nil
	}
	token, err := config.ReadSecret(a.tokenFile)
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return nil
}

// refusedBy is refusedBy that says what is missing where no token was shown.
func (a *api) refusedBy(code int, status string, text []byte) error {
	err := refusedBy(status, text)
	if code == http.StatusUnauthorized && a.tokenFile == "" {
		return fmt.Errorf("%w\nadd --token-file FILE: a token that an admin makes on the page, or the one of web.token_file", err)
	}
	return err
}

// refusedBy is what the collector said, in its own words where it has any.
func refusedBy(status string, text []byte) error {
	var answer struct {
		Error struct {
			ZH string `json:"message_zh"`
			EN string `json:"message_en"`
		}
	}
	if json.Unmarshal(text, &answer) != nil || answer.Error.EN == "" {
		return fmt.Errorf("the collector answered %s", status)
	}
	return fmt.Errorf("%s\n%s", answer.Error.EN, answer.Error.ZH)
}
