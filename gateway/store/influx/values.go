package influx

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Values = (*Store)(nil)

// ReadValues is Read for long series. Flux turns each row round in memory, with
// every column that only identity needs: on 1.8 InfluxQL gives the same four
// columns row by row, several times as fast. A 2.x has InfluxQL only
// where somebody mapped the bucket for it, so there it is Read.
func (s *Store) ReadValues(ctx context.Context, q store.Query, yield func(store.Value) bool) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.fail("read", err)
	}
	if _, err := sensors.ParsePointID(string(q.Point)); err != nil {
		return s.fail("read", err) // it stands in a statement
	}
	first, err := s.isVersion1(ctx)
	if err != nil {
		return err
	}
	if !first {
		return store.ReadValues(ctx, readerAlone{s}, q, yield)
	}
	from, to, left := clamp(ceilMilli(q.From)), clamp(ceilMilli(q.To)), q.Limit
	for from.Before(to) {
		end := to
		if to.Sub(from) > valuesWindow {
			end = from.Add(valuesWindow)
		}
		rows, err := s.valuesOf(ctx, q, from, end, left)
		if err != nil {
			return err
		}
		for _, v := range rows {
			if !yield(v) {
				return nil
			}
		}
		if left > 0 {
			if left -= len(rows); left <= 0 {
				return nil
			}
		}
		from = end
	}
	return nil
}

// readerAlone hides what is quick, so that store.ReadValues takes Read.
type readerAlone struct{ s *Store }

func (r readerAlone) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	return r.s.Read(ctx, q, yield)
}

// valuesWindow is how much time one statement covers: a month of minutes is
// 43,000 short rows. An empty year is twelve requests.
const valuesWindow = 30 * 24 * time.Hour

// isVersion1 asks the server once what it is; an answer holds for the process.
func (s *Store) isVersion1(ctx context.Context) (bool, error) {
	if known := s.version1.Load(); known != nil {
		return *known, nil
	}
	if s.closed.Load() {
		return false, s.fail("read", errClosed)
	}
	ask, cancel := s.ask(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ask, http.MethodGet, strings.TrimRight(s.o.URL, "/")+"/ping", nil)
	if err != nil {
		return false, s.fail("read", err)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return false, s.classify(ctx, "ask the server's version", err)
	}
	defer answer.Body.Close() // nothing in it
	version := answer.Header.Get("X-Influxdb-Version")
	if answer.StatusCode/100 != 2 || version == "" {
		return false, nil // a proxy may keep /ping for itself; the next read asks again
	}
	first := strings.HasPrefix(version, "1.")
	s.version1.Store(&first)
	return first, nil
}

func (s *Store) valuesOf(ctx context.Context, q store.Query, from, to time.Time, limit int) ([]store.Value, error) {
	attempt := "read " + string(q.Point)
	if s.closed.Load() {
		return nil, s.fail(attempt, errClosed)
	}
	ask, cancel := s.ask(ctx)
	defer cancel()
	database, policy, named := strings.Cut(s.o.Bucket, "/")
	source := `"` + string(q.Quantity) + `"`
	if named {
		source = quoted(policy) + "." + source
	}
	// A point's name holds nothing that InfluxQL would have to have escaped.
	statement := fmt.Sprintf(`SELECT "%s", "%s", "%s", "%s" FROM %s WHERE "%s" = '%s' AND "%s" = '%s' AND time >= %d AND time < %d ORDER BY time`,
		fieldValue, fieldQuality, fieldReason, fieldSequence, source, tagCounty, s.o.County, tagPoint, q.Point, from.UnixNano(), to.UnixNano())
	if limit > 0 {
		statement += fmt.Sprintf(" LIMIT %d", limit)
	}
	where := url.Values{"db": {database}, "epoch": {"ms"}, "chunked": {"true"}}
	r, err := http.NewRequestWithContext(ask, http.MethodPost, strings.TrimRight(s.o.URL, "/")+"/query?"+where.Encode(), strings.NewReader(url.Values{"q": {statement}}.Encode()))
	if err != nil {
		return nil, s.fail(attempt, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.o.Token != "" {
		r.Header.Set("Authorization", "Token "+s.o.Token)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, s.classify(ctx, attempt, err)
	}
	defer answer.Body.Close() // only read
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status says enough
		return nil, s.classify(ctx, attempt, &influxhttp.Error{StatusCode: answer.StatusCode, Message: saidIn(text), Header: answer.Header})
	}
	out, err := valuesIn(answer.Body)
	var row rowError
	switch {
	case errors.As(err, &row):
		return nil, s.fail(attempt, row.error)
	case err != nil:
		return nil, s.classify(ctx, attempt, err)
	}
	return out, nil
}

// quoted is a name of InfluxQL's.
func quoted(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// chunk is one piece of InfluxQL's answer, each a text of JSON by itself. Of no
// rows there is no series. (In its CSV a statement's error would be no text at
// all: a database that is missing would be a point without readings.)
type chunk struct {
	Error   string `json:"error"`
	Results []struct {
		Error  string `json:"error"`
		Series []struct {
			Values []valueRow `json:"values"`
		} `json:"series"`
	} `json:"results"`
}

// rowError is what is wrong with a row that the server gave.
type rowError struct{ error }

// valuesIn reads an answer.
func valuesIn(body io.Reader) (out []store.Value, err error) {
	d := json.NewDecoder(bufio.NewReaderSize(body, 64<<10))
	for some := false; ; some = true {
		var c chunk
		err := d.Decode(&c)
		var row rowError
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.Is(err, io.EOF) && some:
			return out, nil
		case errors.As(err, &row), err != nil && !errors.As(err, &syntax) && !errors.As(err, &kind) && !errors.Is(err, io.EOF):
			return nil, err
		case err != nil:
			return nil, notInflux{"a query", err.Error()}
		case c.Error != "":
			return nil, &influxhttp.Error{StatusCode: http.StatusInternalServerError, Message: c.Error}
		case len(c.Results) != 1:
			return nil, notInflux{"a query", fmt.Sprintf("%d results", len(c.Results))}
		case c.Results[0].Error != "":
			return nil, &influxhttp.Error{StatusCode: http.StatusInternalServerError, Message: c.Results[0].Error}
		}
		for _, series := range c.Results[0].Series {
			for _, r := range series.Values {
				if r.ours {
					out = append(out, r.Value)
				}
			}
		}
	}
}

// valueRow is a row: time in milliseconds, value, quality, reason, sequence.
type valueRow struct {
	store.Value
	ours bool // written by this package
}

// UnmarshalJSON reads one without a value of Go's for each cell, which would
// take longer than all that is made of them.
func (r *valueRow) UnmarshalJSON(text []byte) error {
	cells := bytes.Split(bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("[")), []byte("]")), []byte(","))
	if len(cells) != 5 { // a comma in a text, or no row at all
		var whole []json.RawMessage
		if err := json.Unmarshal(text, &whole); err != nil {
			return err
		}
		cells = cells[:0]
		for _, c := range whole {
			cells = append(cells, c)
		}
	}
	if len(cells) != 5 {
		return notInflux{"a query", fmt.Sprintf("a row %.100q", text)}
	}
	cell := func(i int) string { return string(bytes.TrimSpace(cells[i])) }
	if r.ours = cell(4) != "null"; !r.ours {
		return nil
	}
	ms, err := strconv.ParseInt(cell(0), 10, 64)
	if err != nil {
		return notInflux{"a query", fmt.Sprintf("a time %.40q", cell(0))}
	}
	r.At, r.Quality = time.UnixMilli(ms).UTC(), sensors.Good
	var quality, reason string
	if quality, err = word(cell(2)); err == nil {
		reason, err = word(cell(3))
	}
	if err != nil {
		return err
	}
	if r.Reason = sensors.Reason(reason); quality != "" {
		if r.Quality, err = sensors.ParseQuality(quality); err != nil {
			return rowError{fmt.Errorf("row at %s: %w", r.At, err)}
		}
	}
	value := cell(1)
	switch has := value != "null"; {
	case !has && r.Quality == sensors.Good: // see decodeReading
		return rowError{fmt.Errorf("row at %s is only half there: %w", r.At, store.ErrTemporary)}
	case has == (r.Quality == sensors.Bad):
		return rowError{fmt.Errorf("row at %s: quality %s and value contradict each other", r.At, r.Quality)}
	case has:
		if r.Value.Value, err = strconv.ParseFloat(value, 64); err != nil {
			return notInflux{"a query", fmt.Sprintf("a value %.40q", value)}
		}
	}
	return nil
}

// word is a text cell; null is empty.
func word(cell string) (text string, err error) {
	if cell != "null" {
		err = json.Unmarshal([]byte(cell), &text)
	}
	return text, err
}
