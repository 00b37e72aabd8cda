//go:build chaos

package chaos

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	_ "modernc.org/sqlite" // to read county.db as a stranger would

	"coldchain/sensors"
)

// answer is what /query of InfluxDB says.
type answer struct {
	Results []struct {
		Error  string
		Series []struct {
			Columns []string
			Values  [][]any
		}
	}
}

// query asks InfluxDB over plain HTTP, without any client of ours.
func (c *county) query(statement string) (answer, error) {
	var a answer
	res, err := http.PostForm(c.influx.URL+"/query", url.Values{"db": {"coldchain"}, "epoch": {"ms"}, "q": {statement}})
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %q: %w", statement, text, err)
	}
	if len(a.Results) != 1 || a.Results[0].Error != "" {
		return a, fmt.Errorf("%s: %s", statement, text)
	}
	return a, nil
}

// rows reads every reading of a site.
func (c *county) rows(s *site) (out []Row, err error) {
	for _, ch := range Channels() {
		a, err := c.query(fmt.Sprintf(`SELECT * FROM %q WHERE point = '%s/line/%s'`, ch.Quantity, s.name, ch.Name))
		if err != nil {
			return nil, err
		}
		for _, series := range a.Results[0].Series {
			for _, values := range series.Values {
				r, err := row(ch.Name, series.Columns, values)
				if err != nil {
					return nil, err
				}
				out = append(out, r)
			}
		}
	}
	return out, nil
}

func row(channel string, columns []string, values []any) (Row, error) {
	r := Row{Channel: channel}
	var errs []error
	for i, column := range columns {
		text := ""
		switch v := values[i].(type) {
		case nil:
			continue
		case string:
			text = v
		case json.Number:
			text = v.String()
		}
		var n int64
		switch column {
		case "time":
			_, err := fmt.Sscan(text, &n)
			r.At = time.UnixMilli(n)
			errs = append(errs, err)
		case "epoch":
			_, err := fmt.Sscan(text, &r.Epoch)
			errs = append(errs, err)
		case "sequence":
			_, err := fmt.Sscan(text, &r.Seq)
			errs = append(errs, err)
		case "value":
			_, err := fmt.Sscan(text, &r.Value)
			r.HasValue = true
			errs = append(errs, err)
		case "reason":
			r.Reason = text
		case "quality":
			r.Uncertain = text == "uncertain"
		case "flags":
			r.Reconstructed = strings.Contains(text, "reconstructed")
		}
	}
	// A reading that is doubted for its value keeps that reason.
	r.Uncertain = r.Uncertain && (r.Reconstructed || r.Reason == string(sensors.ClockUncertain))
	return r, errors.Join(errs...)
}

// newestStored is the newest poll of a site that is stored.
func (c *county) newestStored(s *site) (uint32, bool) {
	polls := Channels()[0]
	a, err := c.query(fmt.Sprintf(`SELECT max(value) FROM %q WHERE point = '%s/line/%s'`, polls.Quantity, s.name, polls.Name))
	if err != nil || len(a.Results[0].Series) == 0 {
		return 0, false
	}
	v, ok := a.Results[0].Series[0].Values[0][1].(json.Number)
	if !ok {
		return 0, false
	}
	f, err := v.Float64()
	if err != nil {
		return 0, false
	}
	return polls.Counter(f)
}

func (c *county) stateDB() (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+c.path("collector/county.db")+"?mode=ro&_pragma=busy_timeout(5000)")
}

// declared reads what a site's agent has declared.
func (c *county) declared(s *site) (gaps []Gap, bounds []Bound, err error) {
	db, err := c.stateDB()
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(c.t.Context(), "SELECT kind, name, from_ms, to_ms, epoch, seq, detail FROM entries WHERE gateway = ? ORDER BY epoch, seq", s.gateway)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name, detail string
		var from, to int64
		var g Gap
		if err := rows.Scan(&kind, &name, &from, &to, &g.Epoch, &g.Seq, &detail); err != nil {
			return nil, nil, err
		}
		g.From, g.To, g.Cause = time.UnixMilli(from), time.UnixMilli(to), name
		switch {
		case kind == "gap":
			gaps = append(gaps, g)
		case name == "clock-bounded":
			var d struct{ Earliest, Latest, Began time.Time }
			if err := json.Unmarshal([]byte(detail), &d); err != nil {
				return nil, nil, err
			}
			if d.Earliest.IsZero() {
				d.Earliest = d.Latest.Add(-time.Hour) // nothing is older: the round is not
			}
			bounds = append(bounds, Bound(d))
		}
	}
	return gaps, bounds, rows.Err()
}

// quarantined counts what the county set apart, by gateway and reason.
func (c *county) quarantined() (map[[2]string]int, error) {
	db, err := c.stateDB()
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.QueryContext(c.t.Context(), "SELECT gateway, reason, count(*) FROM quarantine GROUP BY gateway, reason")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[[2]string]int{}
	for rows.Next() {
		var key [2]string
		var n int
		if err := rows.Scan(&key[0], &key[1], &n); err != nil {
			return nil, err
		}
		out[key] = n
	}
	return out, rows.Err()
}

// lookApart remembers what is quarantined, the most that was seen of a kind.
func (c *county) lookApart() error {
	now, err := c.quarantined()
	for what, n := range now {
		c.apart[what] = max(c.apart[what], n)
	}
	return err
}

// account holds the store against the slaves' logs.
func (c *county) account() (Account, error) {
	var all Account
	for _, name := range Sites() {
		s := c.sites[name]
		rows, err := c.rows(s)
		if err != nil {
			return all, err
		}
		gaps, bounds, err := c.declared(s)
		if err != nil {
			return all, err
		}
		one := Site{Name: name, Polls: s.slave.log(), Rows: rows, Gaps: gaps, Bounds: bounds, Clock: s.settings, Damages: s.damages, Commit: commit, Timeout: busTimeout, Period: pollPeriod}
		for _, l := range s.agent.Lives() {
			one.Lives = append(one.Lives, Life(l))
		}
		all.Join(one.Account())
	}
	return all, nil
}
