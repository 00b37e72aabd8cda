package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// The limits of a question about readings.
const (
	maxWindow   = 400 * 24 * time.Hour
	maxReadings = 20_000
	maxBuckets  = 2_000
	readWithin  = 30 * time.Second
)

// readingsQuestion is a checked query of /api/v1/readings.
type readingsQuestion struct {
	point    sensors.Point
	from, to time.Time
	buckets  int // 0: raw
}

func (s *Server) readingsQuestion(r *http.Request) (q readingsQuestion, err error) {
	if err := onlyParams(r, "point", "from", "to", "buckets"); err != nil {
		return q, err
	}
	get := r.URL.Query().Get
	if get("point") == "" {
		return q, badInput("请给出 point，例如 point=balagong/mutton-1/air", "give a point, such as point=balagong/mutton-1/air")
	}
	var ok bool
	if q.point, ok = s.index.points[sensors.PointID(get("point"))]; !ok {
		return q, notFound("没有这个测点："+clip(get("point")), "there is no such point: "+clip(get("point")))
	}
	q.to = s.opt.Now().UTC()
	if get("to") != "" {
		if q.to, err = parseTime("to", get("to")); err != nil {
			return q, err
		}
	}
	q.from = q.to.Add(-24 * time.Hour)
	if get("from") != "" {
		if q.from, err = parseTime("from", get("from")); err != nil {
			return q, err
		}
	}
	if !q.from.Before(q.to) {
		return q, badInput("from 必须早于 to", "from must be before to")
	}
	if q.to.Sub(q.from) > maxWindow {
		return q, badInput("时间范围最多 400 天", "the window may span at most 400 days")
	}
	if get("buckets") != "" {
		q.buckets, err = strconv.Atoi(get("buckets"))
		if err != nil || q.buckets < 1 || q.buckets > maxBuckets {
			return q, badInput("buckets 应为 1 到 2000 的整数", "buckets must be a whole number from 1 to 2000")
		}
	}
	return q, nil
}

func (s *Server) readings(r *http.Request) (any, error) {
	q, err := s.readingsQuestion(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), readWithin)
	defer cancel()
	if q.buckets > 0 {
		return s.readEnvelope(ctx, q)
	}
	return s.readRaw(ctx, q)
}

// readingsHead is what every answer about readings begins with.
type readingsHead struct {
	Now      stamp            `json:"now"`
	Point    sensors.PointID  `json:"point"`
	Quantity sensors.Quantity `json:"quantity"`
	Unit     sensors.Unit     `json:"unit"`
	From     stamp            `json:"from"`
	To       stamp            `json:"to"`
	// GapAfterS: readings farther apart than this have a gap between them.
	GapAfterS float64 `json:"gap_after_s"`
	Truncated bool    `json:"truncated"` // there are more; ask again from the last one's time
}

func (s *Server) head(q readingsQuestion) readingsHead {
	return readingsHead{Now: stamp(s.opt.Now()), Point: q.point.ID, Quantity: q.point.Quantity, Unit: q.point.Quantity.Unit(),
		From: stamp(q.from), To: stamp(q.to), GapAfterS: s.staleAfter().Seconds()}
}

type rawAnswer struct {
	readingsHead
	Readings []readingJSON `json:"readings"`
}

func (s *Server) readRaw(ctx context.Context, q readingsQuestion) (any, error) {
	out := rawAnswer{s.head(q), []readingJSON{}}
	err := s.deps.Readings.Read(ctx, q.store(maxReadings+1), func(r store.Record) bool {
		if len(out.Readings) == maxReadings {
			out.Truncated = true
			return false
		}
		reading := readingOf(r.Reading)
		if _, foreign := r.Source(); foreign {
			reading.Class = thirdParty
		}
		out.Readings = append(out.Readings, reading)
		return true
	})
	return out, storeError(err)
}

type envelopeAnswer struct {
	readingsHead
	Envelope envelopeJSON `json:"envelope"`
}

func (s *Server) readEnvelope(ctx context.Context, q readingsQuestion) (any, error) {
	from, step, n := s.history.fitGrid(q.from, q.to, q.buckets, s.opt.Period)
	e := newEnvelope(from, step, n)
	err := s.history.fill(ctx, &e, q.point, from, q.to)
	return envelopeAnswer{s.head(q), e.json()}, storeError(err)
}

func (q readingsQuestion) store(limit int) store.Query {
	return store.Query{Point: q.point.ID, Quantity: q.point.Quantity, From: q.from, To: q.to, Limit: limit}
}
