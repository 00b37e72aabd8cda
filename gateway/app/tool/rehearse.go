package tool

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/rehearsal"
	"coldchain/gateway/app/county"
	"coldchain/gateway/config"
	"coldchain/gateway/install"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// rehearsalSlice is how much of the past is asked for at once: a county's day
// fits into memory.
const rehearsalSlice = 24 * time.Hour

// rehearsed is what the command prints with --json.
type rehearsed struct {
	Alarms  []alerting.Alarm   `json:"alarms"`
	Changes []rehearsal.Change `json:"changes,omitempty"`
}

// rehearseCommand plays what was recorded through changed rules.
func rehearseCommand() *cobra.Command {
	a := &api{}
	var from, to, against, stays string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rehearse RULES.yaml --from TIME --to TIME [--against CURRENT.yaml]",
		Short: "Say what changed rules would have rung over recorded readings",
		Long: `Plays the readings that the collector has stored through the limits, delays and
watch rules of RULES.yaml, a county's configuration that need not be in force, and
lists the alarms it would have raised. Rooms that were out of use rest, trucks are
armed by door, bookings and words as they were, and pull-downs begin with the
bookings. The limits of the goods that lay in the rooms come and go with them, as the
bookings say, or those of --stays FILE (as GET /api/v1/usage answers: {"stays":
[{"batch","zone","from","to","profile"}]}), by the product profiles of the rules.
With --against it says what is different from another configuration. Nothing is
changed and nobody is told.`,
		Example: "  coldchain rehearse county-new.yaml --against /etc/coldchain/county.yaml --from 2026-11-01T00:00:00+08:00 --to 2026-11-08T00:00:00+08:00",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin, end, err := interval(from, to)
			if err != nil {
				return err
			}
			return a.rehearse(cmd, args[0], against, stays, begin, end, asJSON)
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.Flags().StringVar(&from, "from", "", "first moment (RFC 3339)")
	cmd.Flags().StringVar(&to, "to", "", "first moment no more (RFC 3339)")
	cmd.Flags().StringVar(&against, "against", "", "another configuration to compare with, such as the one in force")
	cmd.Flags().StringVar(&stays, "stays", "", "a JSON file of what lay where, in place of the county's bookings")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	for _, needed := range []string{"from", "to"} {
		_ = cmd.MarkFlagRequired(needed) // exists: defined above
	}
	return cmd
}

func interval(from, to string) (time.Time, time.Time, error) {
	begin, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return begin, begin, fmt.Errorf("--from %q: want a time such as 2026-11-01T00:00:00+08:00", from)
	}
	end, err := time.Parse(time.RFC3339, to)
	if err != nil {
		return begin, end, fmt.Errorf("--to %q: want a time such as 2026-11-08T00:00:00+08:00", to)
	}
	if !begin.Before(end) {
		return begin, end, fmt.Errorf("--from %s is not before --to %s", from, to)
	}
	return begin.UTC(), end.UTC(), nil
}

func (a *api) rehearse(cmd *cobra.Command, rules, against, stays string, from, to time.Time, asJSON bool) error {
	cfg, err := config.LoadCounty(rules)
	if err != nil {
		return err
	}
	past, known, err := a.pastUse(cmd.Context(), from, to)
	if err != nil {
		return fmt.Errorf("rehearse %s: %w", rules, err)
	}
	if !known {
		fmt.Fprintln(cmd.ErrOrStderr(), "this collector does not say how rooms and trucks were used: rooms count as in use and trucks as loaded, and no pull-down begins")
	}
	if err := readStays(stays, &past); err != nil {
		return err
	}
	play := func(cfg *config.County) ([]alerting.Alarm, error) {
		progress := newBar(cmd.ErrOrStderr(), time.Now)
		defer progress.end()
		rules, err := county.RehearsalRules(cfg)
		if err != nil {
			return nil, err
		}
		return rehearsal.Play(rules, county.RehearsalPast(rules, past), from, to, a.recorded(cmd.Context(), cfg, from, to, progress))
	}
	out := rehearsed{}
	if out.Alarms, err = play(cfg); err != nil {
		return fmt.Errorf("rehearse %s: %w", rules, err)
	}
	if against != "" {
		other, err := config.LoadCounty(against)
		if err != nil {
			return err
		}
		before, err := play(other)
		if err != nil {
			return fmt.Errorf("rehearse %s: %w", against, err)
		}
		out.Changes = rehearsal.Compare(before, out.Alarms)
	}
	if asJSON {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
	where, err := time.LoadLocation(cfg.Timezone)
	if err != nil {
		return err // the configuration was checked
	}
	out.print(cmd.OutOrStdout(), where, against != "")
	return nil
}

// pastUse asks the collector how zones were used; known is false of a collector
// that cannot say.
func (a *api) pastUse(ctx context.Context, from, to time.Time) (past web.PastJSON, known bool, err error) {
	query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	res, err := a.get(ctx, "/api/v1/usage?"+query.Encode())
	if err != nil {
		return past, false, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	switch {
	case err != nil:
		return past, false, fmt.Errorf("how rooms and trucks were used: %w", err)
	case res.StatusCode == http.StatusNotFound:
		return past, false, nil
	case res.StatusCode != http.StatusOK:
		return past, false, fmt.Errorf("how rooms and trucks were used: %w", refusedBy(res.Status, text))
	}
	if err := json.Unmarshal(text, &past); err != nil {
		return past, false, fmt.Errorf("how rooms and trucks were used: %w", err)
	}
	return past, true, nil
}

// mostStays bounds a file of stays, in bytes.
const mostStays = 64 << 20

// readStays puts the stays of a file in place of the bookings; without a name
// nothing is done.
func readStays(file string, past *web.PastJSON) error {
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("--stays: %w", err)
	}
	defer f.Close()
	var in struct {
		Stays []web.ZoneStay `json:"stays"`
	}
	if err := json.NewDecoder(io.LimitReader(f, mostStays)).Decode(&in); err != nil {
		return fmt.Errorf("--stays %s: %w", file, err)
	}
	for i, s := range in.Stays {
		if s.Zone == "" || s.From.IsZero() || !s.To.IsZero() && !s.From.Before(s.To) {
			return fmt.Errorf("--stays %s: stay %d of batch %.40q: want zone, from, and a later to (or none)", file, i+1, s.Batch)
		}
	}
	past.Stays = in.Stays
	return nil
}

// recorded reads every judged point's stored readings, a day at a time, in
// order of time.
func (a *api) recorded(ctx context.Context, cfg *config.County, from, to time.Time, progress *bar) iter.Seq2[sensors.Reading, error] {
	points := judgedPoints(county.EngineConfig(cfg))
	days := int((to.Sub(from) + rehearsalSlice - 1) / rehearsalSlice)
	return func(yield func(sensors.Reading, error) bool) {
		for day := range days {
			begin := from.Add(time.Duration(day) * rehearsalSlice)
			end := begin.Add(rehearsalSlice)
			if end.After(to) {
				end = to
			}
			var all []sensors.Reading
			for i, p := range points {
				progress.update(install.Progress{Done: day*len(points) + i, Total: days * len(points), Found: len(all), What: begin.Format(time.DateOnly)})
				list, err := a.readings(ctx, p, begin, end)
				if err != nil {
					yield(sensors.Reading{}, err)
					return
				}
				all = append(all, list...)
			}
			slices.SortStableFunc(all, func(x, y sensors.Reading) int { return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Point, y.Point)) })
			for _, r := range all {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// judgedPoints are those whose readings can raise an alarm or end a silence.
func judgedPoints(cfg engine.Config) []sensors.PointID {
	out := make([]sensors.PointID, 0, len(cfg.Points))
	for _, p := range cfg.Points {
		out = append(out, p.ID)
	}
	return out
}

// readings asks the collector for one point's readings.
func (a *api) readings(ctx context.Context, p sensors.PointID, from, to time.Time) ([]sensors.Reading, error) {
	query := url.Values{"point": {string(p)}, "from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	res, err := a.get(ctx, "/api/v1/export?"+query.Encode())
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, nil // the rules know a point that the collector does not: it has no past
	}
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // the status says enough without it
		return nil, fmt.Errorf("readings of %s: %w", p, refusedBy(res.Status, text))
	}
	out, err := parseExport(res.Body)
	if err != nil {
		return nil, fmt.Errorf("readings of %s: %w", p, err)
	}
	return out, nil
}

// parseExport reads what the collector exports. Without its last line it broke
// off.
func parseExport(r io.Reader) ([]sensors.Reading, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	var out []sensors.Reading
	for line := 1; ; line++ {
		row, err := c.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errors.New("the export broke off: ask again")
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", line, err)
		case row[0] == "# complete":
			return out, nil
		case line == 1:
			continue
		case len(row) < 6:
			return nil, fmt.Errorf("line %d has %d columns: is this a collector of the same release?", line, len(row))
		}
		at, err := time.Parse(time.RFC3339Nano, row[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: time %.40q is not one", line, row[1])
		}
		id, reason := sensors.PointID(row[0]), sensors.Reason(strings.TrimPrefix(row[5], "'"))
		if row[4] == sensors.Bad.String() {
			out = append(out, sensors.NewBad(id, at, reason))
			continue
		}
		v, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: value %.40q is not a number", line, row[2])
		}
		if row[4] == sensors.Uncertain.String() {
			out = append(out, sensors.NewUncertain(id, at, v, reason))
		} else {
			out = append(out, sensors.NewGood(id, at, v))
		}
	}
}

func (o rehearsed) print(w io.Writer, where *time.Location, compared bool) {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return "still on"
		}
		return t.In(where).Format("2006-01-02 15:04")
	}
	say := func(a alerting.Alarm) string {
		text := fmt.Sprintf("%s  %-9s %-11s %s", stamp(a.Start), a.Level, a.Rule, a.Object)
		if a.HasValue {
			text += fmt.Sprintf(", limit %g, worst %.1f", a.Limit, a.Peak)
		}
		return text + ", rings " + stamp(a.Raised) + ", over " + stamp(a.Returned)
	}
	for _, a := range o.Alarms {
		fmt.Fprintln(w, say(a))
	}
	fmt.Fprintf(w, "%d alarms\n", len(o.Alarms))
	if !compared {
		return
	}
	for _, c := range o.Changes {
		a := c.After
		if a.ID == "" {
			a = c.Before
		}
		fmt.Fprintf(w, "%-12s  %s\n", c.What, say(a))
	}
	fmt.Fprintf(w, "%d differences\n", len(o.Changes))
}
