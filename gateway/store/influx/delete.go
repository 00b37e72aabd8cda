package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Deleter = (*Store)(nil)

// 2.x deletes by POST /api/v2/delete. 1.8.10 has the write and query endpoints
// of the v2 API and not this one: it answers 404 "404 page not found", and
// deletes by InfluxQL. Neither can be told a field's value (2.x has no such
// predicate, 1.8 refuses: "fields not supported in WHERE clause during
// deletion"), so measurement, county, point and time are all that is said.
// InfluxQL's DELETE goes through every retention policy of the database; the
// county's rows of the point are meant in all of them.

// DeleteReadings implements store.Deleter.
func (s *Store) DeleteReadings(ctx context.Context, q store.Query) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.fail("delete readings", err)
	}
	return s.remove(ctx, "delete readings of "+string(q.Point), string(q.Quantity), q.Point, q.From, q.To)
}

// DeleteRollups implements store.Deleter.
func (s *Store) DeleteRollups(ctx context.Context, q store.RollupQuery) error {
	if err := q.Check(); err != nil {
		return s.fail("delete rollups", err)
	}
	return s.remove(ctx, "delete rollups of "+string(q.Point), rollupMeasurement(q.Quantity, q.Width), q.Point, q.From, q.To)
}

func (s *Store) remove(ctx context.Context, attempt, measurement string, p sensors.PointID, from, to time.Time) error {
	if s.closed.Load() {
		return s.fail(attempt, errClosed)
	}
	if err := ctx.Err(); err != nil {
		return s.classify(ctx, attempt, err)
	}
	from, to = clamp(ceilMilli(from)), clamp(ceilMilli(to))
	if !from.Before(to) {
		return nil
	}
	if !s.byInfluxQL.Load() {
		err := s.removeV2(ctx, measurement, p, from, to)
		if !noSuchPage(err) {
			return s.classifyRemoval(ctx, attempt, err)
		}
		s.byInfluxQL.Store(true)
	}
	return s.classifyRemoval(ctx, attempt, s.removeInfluxQL(ctx, measurement, p, from, to))
}

func (s *Store) classifyRemoval(ctx context.Context, attempt string, err error) error {
	if err == nil {
		return nil
	}
	return s.classify(ctx, attempt, err)
}

// noSuchPage reports the answer of a server that does not know the endpoint,
// in contrast to a bucket that is not there.
func noSuchPage(err error) bool {
	e, ok := err.(*influxhttp.Error) //nolint:errorlint // made here
	return ok && e.StatusCode == http.StatusNotFound && strings.Contains(e.Message, "page not found")
}

// removeV2 asks as 2.x has it. Whether stop is inside, its manual does not
// say: a nanosecond before a whole millisecond it does not matter.
func (s *Store) removeV2(ctx context.Context, measurement string, p sensors.PointID, from, to time.Time) error {
	body, err := json.Marshal(map[string]string{
		"start": from.Format(time.RFC3339Nano), "stop": to.Add(-1).Format(time.RFC3339Nano),
		"predicate": fmt.Sprintf("_measurement=%q AND %s=%q AND %s=%q", measurement, tagCounty, s.o.County, tagPoint, string(p)),
	})
	if err != nil {
		return err
	}
	where := url.Values{"bucket": {s.o.Bucket}, "org": {s.o.Org}}
	_, err = s.submit(ctx, "/api/v2/delete?"+where.Encode(), "application/json", bytes.NewReader(body), http.StatusNoContent)
	return err
}

func (s *Store) removeInfluxQL(ctx context.Context, measurement string, p sensors.PointID, from, to time.Time) error {
	// Names of points, counties and measurements hold nothing that InfluxQL
	// would have to have escaped: Check and New have seen to that.
	statement := fmt.Sprintf(`DELETE FROM "%s" WHERE "%s" = '%s' AND "%s" = '%s' AND time >= %d AND time < %d`,
		measurement, tagCounty, s.o.County, tagPoint, p, from.UnixNano(), to.UnixNano())
	if _, err := sensors.ParsePointID(string(p)); err != nil {
		return err
	}
	database, _, _ := strings.Cut(s.o.Bucket, "/")
	text, err := s.submit(ctx, "/query?"+url.Values{"db": {database}}.Encode(), "application/x-www-form-urlencoded",
		strings.NewReader(url.Values{"q": {statement}}.Encode()), http.StatusOK)
	if err != nil {
		return err
	}
	var answer struct {
		Results []struct {
			Error string `json:"error"`
		} `json:"results"`
	}
	if json.Unmarshal(text, &answer) != nil || len(answer.Results) != 1 {
		return notInflux{"a delete", fmt.Sprintf("%.100q", text)}
	}
	if said := answer.Results[0].Error; said != "" {
		return &influxhttp.Error{StatusCode: http.StatusInternalServerError, Message: said}
	}
	return nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// submit is one request that must be answered with the given status.
func (s *Store) submit(ctx context.Context, path, kind string, body io.Reader, want int) ([]byte, error) {
	ask, cancel := s.ask(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ask, http.MethodPost, strings.TrimRight(s.o.URL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	if s.o.Token != "" {
		r.Header.Set("Authorization", "Token "+s.o.Token)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() // only read
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode == want:
		return text, nil
	case answer.StatusCode/100 == 2:
		return nil, notInflux{"a delete", answer.Status}
	}
	return nil, &influxhttp.Error{StatusCode: answer.StatusCode, Message: saidIn(text), Header: answer.Header}
}

// saidIn is the message of an answer: 2.x has it in "message", 1.8 in "error".
func saidIn(text []byte) string {
	var answer struct{ Message, Error string }
	if json.Unmarshal(text, &answer) == nil && answer.Message+answer.Error != "" {
		return answer.Message + answer.Error
	}
	return string(text)
}
