package web

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/sensors"
)

const (
	defaultList = 200
	maxList     = 1000
)

type alarmJSON struct {
	ID       string            `json:"id"`
	Rule     alerting.RuleName `json:"rule"`
	Object   string            `json:"object"`
	Site     string            `json:"site"`
	Zone     string            `json:"zone"` // empty for a site's alarm
	Quantity sensors.Quantity  `json:"quantity,omitempty"`
	Unit     sensors.Unit      `json:"unit,omitempty"`
	Level    alerting.Level    `json:"level"`
	Class    alerting.Class    `json:"class"`
	State    alerting.State    `json:"state"`
	Reason   sensors.Reason    `json:"reason,omitempty"`
	Open     bool              `json:"open"` // somebody is still needed
	Start    stamp             `json:"start"`
	Raised   stamp             `json:"raised"`
	Returned stamp             `json:"returned"`
	LastSeen stamp             `json:"last_seen"`
	Limit    *float64          `json:"limit"` // null for silence, as are peak and last_value
	DelayS   float64           `json:"delay_s"`
	Peak     *float64          `json:"peak"`
	Last     *float64          `json:"last_value"`
	Batches  []exposedJSON     `json:"batches"`
	Answered *acknowledgeJSON  `json:"acknowledged"`
	Left     *leftJSON         `json:"left"`
	Ages     *ageing.Outlook   `json:"ages,omitempty"` // of spoilage
	// MaskedS is for how long a defrost or an open door held its warning back:
	// exposure all the same. Of one alarm, and of those of a zone.
	MaskedS float64 `json:"masked_s,omitempty"`
	peopleJSON
}

// leftJSON is how long it takes until a more serious limit is reached.
type leftJSON struct {
	Limit     float64  `json:"limit"`
	Rate      float64  `json:"rate_per_hour"`
	EarliestS float64  `json:"earliest_s"`
	LatestS   *float64 `json:"latest_s"` // null: nobody can name one
}

type exposedJSON struct {
	ID       string `json:"id"`
	Product  string `json:"product"`
	Quantity string `json:"quantity"`
	Owner    string `json:"owner"`
	From     stamp  `json:"from"`
	To       stamp  `json:"to"` // null: lies there still
}

type acknowledgeJSON struct {
	At   stamp  `json:"at"`
	By   string `json:"by"`
	Note string `json:"note,omitempty"`
}

func (s *Server) alarm(a Alarm) alarmJSON {
	site, _, _ := cutZone(a.Object)
	out := alarmJSON{
		ID: a.ID, Rule: a.Rule, Object: a.Object, Site: site, Zone: a.Zone,
		Level: a.Level, Class: a.Class, State: a.State, Reason: a.Reason, Open: Open(a.Alarm),
		Start: stamp(a.Start), Raised: stamp(a.Raised), Returned: stamp(a.Returned), LastSeen: stamp(a.LastSeen), MaskedS: a.Masked.Seconds(),
		DelayS: a.Delay.Seconds(), Batches: make([]exposedJSON, 0, len(a.Batches)), peopleJSON: s.peopleOf(a),
	}
	if p, ok := s.index.points[sensors.PointID(a.Object)]; ok {
		out.Quantity, out.Unit = p.Quantity, p.Quantity.Unit()
	}
	if a.Rule == alerting.Spoilage {
		out.Ages, out.Unit = s.ages(ageing.BatchOf(a.Alarm)), "%" // of its life
	}
	if a.HasValue {
		out.Limit, out.Peak, out.Last = &a.Limit, &a.Peak, &a.LastValue
	}
	for _, b := range a.Batches {
		out.Batches = append(out.Batches, exposedJSON{b.Batch.ID, b.Batch.Product, b.Batch.Quantity, b.Batch.Owner,
			stamp(b.Custody.From), stamp(b.Custody.To)})
	}
	if l := a.Left; l != nil {
		out.Left = &leftJSON{Limit: l.Limit, Rate: l.Rate, EarliestS: l.Earliest.Seconds()}
		if latest := l.Latest.Seconds(); latest > 0 {
			out.Left.LatestS = &latest
		}
	}
	if k := a.Acknowledged; k != nil {
		out.Answered = &acknowledgeJSON{stamp(k.At), k.By, k.Note}
	}
	return out
}

// ages is what is ahead of a batch; nil when nothing is known.
func (s *Server) ages(batch string) *ageing.Outlook {
	if s.deps.Ages == nil {
		return nil
	}
	if o, ok := s.deps.Ages.Outlook(batch); ok {
		return &o
	}
	return nil
}

func (s *Server) alarms(r *http.Request) (any, error) {
	if err := onlyParams(r, "state", "zone", "batch", "limit", "cursor"); err != nil {
		return nil, err
	}
	get := r.URL.Query().Get
	f := AlarmFilter{Zone: get("zone"), Batch: get("batch"), Reach: narrowed(r)}
	switch get("state") {
	case "open":
		f.OpenOnly = true
	case "", "all":
	default:
		return nil, badInput("state 只能是 open 或 all", "state must be open or all")
	}
	limit, err := s.listFilter(f.Zone, f.Batch, get("limit"))
	if err != nil {
		return nil, err
	}
	if f.After, err = markOf(r); err != nil {
		return nil, err
	}
	f.Limit = limit + 1
	found, err := s.deps.Alarms.Alarms(r.Context(), f)
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	out := s.alarmList(r, found, limit)
	if out.Truncated {
		last := found[limit-1]
		out.paging = after(last.State != alerting.Normal, last.Start, last.ID)
	}
	return out, nil
}

type alarmsJSON struct {
	Now       stamp       `json:"now"`
	Alarms    []alarmJSON `json:"alarms"`
	Truncated bool        `json:"truncated"`
	paging
}

// alarmList shows at most limit of what was found.
func (s *Server) alarmList(r *http.Request, found []Alarm, limit int) alarmsJSON {
	out := alarmsJSON{stamp(s.opt.Now()), []alarmJSON{}, len(found) > limit, paging{}}
	for _, a := range found[:min(limit, len(found))] {
		out.Alarms = append(out.Alarms, s.alarm(own(reachOf(r), a)))
	}
	return out
}

// listFilter checks what lists can be narrowed by.
func (s *Server) listFilter(zone, batch, limit string) (int, error) {
	if _, ok := s.index.zones[zone]; zone != "" && !ok {
		return 0, notFound("没有这个库区："+clip(zone), "there is no such zone: "+clip(zone))
	}
	if batch != "" && !batchID.MatchString(batch) {
		return 0, badInput("批次号不对："+clip(batch), "that is no batch id: "+clip(batch))
	}
	if limit == "" {
		return defaultList, nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > maxList {
		return 0, badInput("limit 应为 1 到 1000 的整数", "limit must be a whole number from 1 to 1000")
	}
	return n, nil
}

var alarmID = regexp.MustCompile(`^[0-9a-f]{16}$`)

// acknowledgeInput is an answer to an alarm.
type acknowledgeInput struct {
	actorInput        // who answers, as they call themselves
	Note       string `json:"note"`
}

// acknowledgedAnswer is the alarm that was answered.
type acknowledgedAnswer struct {
	Now   stamp     `json:"now"`
	Alarm alarmJSON `json:"alarm"`
}

func (s *Server) acknowledge(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !alarmID.MatchString(id) {
		return nil, badInput("报警编号不对", "that is no alarm id")
	}
	var in acknowledgeInput
	if err := readBody(r, &in, true); err != nil {
		return nil, err
	}
	if err := firstError(in.check(false), checkText("note", in.Note, 500, false)); err != nil {
		return nil, err
	}
	at := s.opt.Now().UTC().Truncate(time.Millisecond)
	a, err := s.deps.Alarms.Acknowledge(r.Context(), id, in.by(r), at, in.Note)
	if err != nil {
		return nil, stateError(err, "报警 "+id, "alarm "+id)
	}
	return acknowledgedAnswer{stamp(s.opt.Now()), s.alarm(a)}, nil
}

// stateError turns an error of the county's state into an answer.
func stateError(err error, zh, en string) error {
	var d *Disagreement
	var already *apiError
	switch refused := refusal(err); {
	case refused != nil:
		return refused
	case errors.As(err, &already):
		return err
	case errors.As(err, &d):
		return &apiError{http.StatusConflict, "disagrees", d.ZH + "。如果一定要放，请写明原因（override）再提交一次", d.EN + ". If it must be, send it again with the reason (override)"}
	case errors.Is(err, ErrNotFound):
		return notFound("找不到"+zh, "there is no "+en)
	case errors.Is(err, ErrConflict):
		return conflict(zh+" 与已有记录冲突："+clip(err.Error()), en+" contradicts what is recorded: "+clip(err.Error()))
	}
	return fmt.Errorf("%s: %w", en, err)
}
