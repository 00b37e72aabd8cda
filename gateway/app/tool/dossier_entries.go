package tool

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/batch"
)

// entries are the commands that write one thing down of a batch.
func (a *api) entries() []*cobra.Command {
	return []*cobra.Command{a.document(), a.inspect(), a.handover(), a.temperature(), a.logger(), a.correct()}
}

// entry sends the texts of flags, without those that nobody gave, and what else
// belongs to it.
func (a *api) entry(cmd *cobra.Command, id, route string, texts map[string]*string, more map[string]any) error {
	body := map[string]any{}
	for name, text := range texts {
		if *text != "" {
			body[name] = *text
		}
	}
	for name, value := range more {
		body[name] = value
	}
	body, err := a.named(body)
	if err != nil {
		return err
	}
	return a.enter(cmd, "/api/v1/batches/"+url.PathEscape(id)+"/"+route, body)
}

// texts defines flags and returns where their texts go, by the API's names.
func texts(cmd *cobra.Command, usage map[string]string) map[string]*string {
	out := map[string]*string{}
	for name, text := range usage {
		out[name] = cmd.Flags().String(strings.ReplaceAll(name, "_", "-"), "", text)
	}
	return out
}

// attached sends the photo or paper of --file first, and names it by its sum.
func (a *api) attached(cmd *cobra.Command, path string, more map[string]any) error {
	if path == "" {
		return nil
	}
	const most = 12 << 20 // what the collector keeps
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	if info.Size() > most {
		return fmt.Errorf("--file: %s has %d bytes; at most %d are kept", path, info.Size(), most)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	defer f.Close() // only read
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(a.server, "/")+"/api/v1/files", f)
	if err != nil {
		return fmt.Errorf("--server %s: %w", a.server, err)
	}
	req.ContentLength = info.Size()
	req.Header.Set("Content-Type", "application/octet-stream")
	var kept struct{ Sum string }
	if err := a.send(req, &kept); err != nil {
		return fmt.Errorf("send %s: %w", filepath.Base(path), err)
	}
	more["file"] = kept.Sum
	return nil
}

func (a *api) document() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "document ID --kind KIND --number NUMBER --date DAY", Short: "Add a document to a batch, with its photo or scan",
		Long:    "Adds a document. Kinds: " + strings.Join(batch.DocumentKinds(), ", ") + ".",
		Example: "  coldchain batch document HJQ-1 --kind quarantine-certificate --number 15-0001 --date 2026-11-22 --file certificate.jpg --actor 萨仁",
		Args:    cobra.ExactArgs(1),
	}
	fields := texts(cmd, map[string]string{"kind": "which document", "number": "its number", "date": "its day, such as 2026-11-22"})
	cmd.Flags().StringVar(&file, "file", "", "photo or scan: JPEG, PNG or PDF")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		more := map[string]any{}
		if file != "" {
			more["name"] = filepath.Base(file)
		}
		if err := a.attached(cmd, file, more); err != nil {
			return err
		}
		return a.entry(cmd, args[0], "documents", fields, more)
	}
	for _, name := range []string{"kind", "number", "date"} {
		_ = cmd.MarkFlagRequired(name) // exist: defined above
	}
	return cmd
}

func (a *api) inspect() *cobra.Command {
	var pass, fail bool
	var file string
	cmd := &cobra.Command{
		Use: "inspect ID --item ITEM --value VALUE (--pass | --fail)", Short: "Write down an inspection of a batch",
		Example: "  coldchain batch inspect HJQ-1 --item TVB-N --method 'GB 5009.228' --value '12 mg/100 g' --limit '≤ 15' --pass --actor 萨仁",
		Args:    cobra.ExactArgs(1),
	}
	fields := texts(cmd, map[string]string{"item": "what was looked at", "method": "how", "value": "what was found", "limit": "what is right", "by": "who looked (default: --actor)", "at": "when (RFC 3339; default now)"})
	cmd.Flags().BoolVar(&pass, "pass", false, "it passed")
	cmd.Flags().BoolVar(&fail, "fail", false, "it failed")
	cmd.Flags().StringVar(&file, "file", "", "photo or report: JPEG, PNG or PDF")
	cmd.MarkFlagsOneRequired("pass", "fail")
	cmd.MarkFlagsMutuallyExclusive("pass", "fail")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		more := map[string]any{"pass": pass && !fail}
		if err := a.attached(cmd, file, more); err != nil {
			return err
		}
		return a.entry(cmd, args[0], "inspections", fields, more)
	}
	for _, name := range []string{"item", "value"} {
		_ = cmd.MarkFlagRequired(name) // exist: defined above
	}
	return cmd
}

func (a *api) handover() *cobra.Command {
	var celsius float64
	var file, move, override string
	cmd := &cobra.Command{
		Use: "handover ID --from NAME --to NAME --outcome accepted|accepted-with-reservation|refused", Short: "Hand a batch over",
		Example: "  coldchain batch handover HJQ-1 --from 其其格 --to 巴图 --outcome accepted --celsius -16.5 --method between-packs --move truck-1/box --actor 其其格",
		Args:    cobra.ExactArgs(1),
	}
	fields := texts(cmd, map[string]string{"from": "who gives it", "to": "who takes it", "outcome": "how it ended", "method": "where the goods were measured: surface, between-packs or core",
		"note": "what was wrong", "at": "when (RFC 3339; default now)"})
	cmd.Flags().Float64Var(&celsius, "celsius", 0, "temperature of the goods, °C")
	cmd.Flags().StringVar(&file, "file", "", "photo: JPEG, PNG or PDF")
	cmd.Flags().StringVar(&move, "move", "", "where it goes with it: site/zone (default: it stays)")
	cmd.Flags().StringVar(&override, "override", "", "why it goes there though it does not agree")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		more := map[string]any{}
		if cmd.Flags().Changed("celsius") {
			more["product_c"] = celsius
		}
		if move != "" {
			more["move"] = map[string]any{"zone": move, "override": override}
		}
		if err := a.attached(cmd, file, more); err != nil {
			return err
		}
		return a.entry(cmd, args[0], "handovers", fields, more)
	}
	for _, name := range []string{"from", "to", "outcome"} {
		_ = cmd.MarkFlagRequired(name) // exist: defined above
	}
	return cmd
}

func (a *api) temperature() *cobra.Command {
	var celsius float64
	var file string
	cmd := &cobra.Command{
		Use: "temperature ID --celsius N --method surface|between-packs|core|air", Short: "Write down a temperature that was measured by hand",
		Long: "Writes down a temperature that somebody measured. It bounds what happened and is no part of the coverage.",
		Args: cobra.ExactArgs(1),
	}
	fields := texts(cmd, map[string]string{"method": "where it was measured", "zone": "in which zone (default: where the batch lay)", "by": "who measured (default: --actor)", "at": "when (RFC 3339; default now)"})
	cmd.Flags().Float64Var(&celsius, "celsius", 0, "the temperature, °C")
	cmd.Flags().StringVar(&file, "file", "", "photo of the thermometer: JPEG, PNG or PDF")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		more := map[string]any{"value_c": celsius}
		if err := a.attached(cmd, file, more); err != nil {
			return err
		}
		return a.entry(cmd, args[0], "temperatures", fields, more)
	}
	for _, name := range []string{"celsius", "method"} {
		_ = cmd.MarkFlagRequired(name) // exist: defined above
	}
	return cmd
}

// stayOf reads FROM,TO,WHERE: a zone is site/zone, anything else a place in
// words; an empty TO is a stay that goes on.
func stayOf(text string) (map[string]any, error) {
	parts := strings.SplitN(text, ",", 3)
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return nil, errors.New("--stay " + text + ": write FROM,TO,WHERE such as 2026-11-23T08:00:00+08:00,2026-11-23T12:00:00+08:00,balagong/mutton; an empty TO goes on")
	}
	out := map[string]any{"from": parts[0]}
	if parts[1] != "" {
		out["to"] = parts[1]
	}
	if strings.Count(parts[2], "/") == 1 {
		out["zone"] = parts[2]
	} else {
		out["place"] = parts[2]
	}
	return out, nil
}

func (a *api) correct() *cobra.Command {
	var stays []string
	cmd := &cobra.Command{
		Use: "correct ID --stay FROM,TO,WHERE [--stay ...] --reason TEXT", Short: "Correct where a batch lay; what was there is kept",
		Long:    "Replaces all stays of a batch, oldest first. WHERE is site/zone, or the place in words where nothing\nwatched it. The stays that were there are kept with who corrected them and why.",
		Example: "  coldchain batch correct HJQ-1 --stay 2026-11-23T08:00:00+08:00,,balagong/mutton --reason 写错库区 --actor 其其格",
		Args:    cobra.ExactArgs(1),
	}
	fields := texts(cmd, map[string]string{"reason": "why"})
	cmd.Flags().StringArrayVar(&stays, "stay", nil, "a stay; may be given again")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var list []map[string]any
		for _, text := range stays {
			s, err := stayOf(text)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return a.entry(cmd, args[0], "stays", fields, map[string]any{"stays": list})
	}
	for _, name := range []string{"stay", "reason"} {
		_ = cmd.MarkFlagRequired(name) // exist: defined above
	}
	return cmd
}
