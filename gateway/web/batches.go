package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// batchID is what people write on slips and print on labels.
var batchID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

var idempotencyKey = regexp.MustCompile(`^[!-~]{1,100}$`)

type batchJSON struct {
	ID       string        `json:"id"`
	Product  string        `json:"product"`
	Profile  string        `json:"profile"`
	Quantity string        `json:"quantity"`
	Owner    string        `json:"owner"`
	Created  stamp         `json:"created"`
	Zone     string        `json:"zone"`            // where it lies now; empty when it has left
	Place    string        `json:"place,omitempty"` // where it lies now, unmonitored
	Closed   *stamp        `json:"closed,omitempty"`
	Short    string        `json:"short"` // six digits that stand for it while it is not closed
	Custody  []custodyJSON `json:"custody"`
	// Ages is what is ahead of it; missing when nothing is known.
	Ages *ageing.Outlook `json:"ages,omitempty"`
}

type custodyJSON struct {
	Zone string `json:"zone"`
	From stamp  `json:"from"`
	To   stamp  `json:"to"` // null: lies there still
	// Why it came where it did not agree, and what that was.
	Override string   `json:"override,omitempty"`
	Marks    []string `json:"marks,omitempty"`
	// Where it lay unmonitored by design, and how a courier took it.
	Place   string         `json:"place,omitempty"`
	Courier *batch.Courier `json:"courier,omitempty"`
}

func batchOf(h BatchHistory) batchJSON {
	out := batchJSON{ID: h.ID, Product: h.Product, Profile: h.Profile, Quantity: h.Quantity, Owner: h.Owner,
		Created: stamp(h.Created), Short: h.Short, Custody: make([]custodyJSON, 0, len(h.Custody))}
	for _, c := range h.Custody {
		out.Custody = append(out.Custody, custodyJSON{c.Zone, stamp(c.From), stamp(c.To), c.Override, marksOf(c), c.Place, c.Courier})
		if c.To.IsZero() {
			out.Zone, out.Place = c.Zone, c.Place
		}
	}
	if !h.Closed.IsZero() {
		closed := stamp(h.Closed)
		out.Closed = &closed
	}
	return out
}

func marksOf(c batch.Custody) []string {
	if c.Mark == "" {
		return nil
	}
	return strings.Split(c.Mark, ",")
}

// listedBatch is a batch in a list, with what somebody who decides looks for.
type listedBatch struct {
	batchJSON
	Standing standingJSON `json:"standing"`
}

type standingJSON struct {
	Decision   batch.Decision `json:"decision"` // in force
	Waits      bool           `json:"waits"`    // the newest verdict waits for its second person
	OpenAlarms int            `json:"open_alarms"`
	Excursions int            `json:"excursions"` // open or not
}

// mayLoad: whoever may take goods over finds them by the six digits on their label,
// wherever they still lie. A driver's own site is his truck.
func mayLoad(r *http.Request) bool {
	moves, ok := access.Find("POST", "/api/v1/batches/{id}/moves")
	return ok && moves.Role(whoOf(r)) == access.Allowed
}

// batchFilter reads how a list of batches is narrowed, and how many it may show.
func (s *Server) batchFilter(r *http.Request) (f BatchFilter, limit int, err error) {
	if err := onlyParams(r, "search", "zone", "site", "verdict", "alarms", "short", "limit", "cursor"); err != nil {
		return f, 0, err
	}
	get := r.URL.Query().Get
	f = BatchFilter{Search: get("search"), Zone: get("zone"), Site: get("site"), Decision: batch.Decision(get("verdict")), Short: get("short"), Reach: narrowed(r)}
	if _, ok := batch.ShortNumber(f.Short); f.Short != "" && !ok {
		return f, 0, badInput("这六位数字不对，请照标签再看一遍："+clip(f.Short), "these are not the six digits of any batch; read them again from the label: "+clip(f.Short))
	}
	if f.Short != "" && mayLoad(r) {
		f.Reach = nil
	}
	if err := checkText("search", f.Search, 80, false); err != nil {
		return f, 0, err
	}
	if limit, err = s.listFilter(f.Zone, "", get("limit")); err != nil {
		return f, 0, err
	}
	if f.After, err = markOf(r); err != nil {
		return f, 0, err
	}
	f.Limit = limit + 1
	if f.Site != "" && !slices.ContainsFunc(s.deps.County.Sites, func(x Site) bool { return x.ID == f.Site }) {
		return f, 0, notFound("没有这个地点："+clip(f.Site), "there is no such site: "+clip(f.Site))
	}
	switch f.Decision {
	case "", batch.Undecided, batch.OnHold, batch.Released, batch.PartiallyReleased, batch.Rejected:
	default:
		return f, 0, badInput("verdict 应为 undecided、on-hold、released、partially-released 或 rejected", "verdict must be undecided, on-hold, released, partially-released or rejected")
	}
	switch get("alarms") {
	case "":
	case "open":
		f.Alarmed = true
	case "excursion":
		f.Exceeded = true
	default:
		return f, 0, badInput("alarms 应为 open 或 excursion", "alarms must be open or excursion")
	}
	return f, limit, nil
}

type batchesAnswer struct {
	Now       stamp         `json:"now"`
	Batches   []listedBatch `json:"batches"`
	Truncated bool          `json:"truncated"`
	paging
}

func (s *Server) batches(r *http.Request) (any, error) {
	f, limit, err := s.batchFilter(r)
	if err != nil {
		return nil, err
	}
	found, err := s.deps.Batches.Batches(r.Context(), f)
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	out := batchesAnswer{stamp(s.opt.Now()), []listedBatch{}, len(found) > limit, paging{}}
	found = found[:min(limit, len(found))]
	if out.Truncated {
		last := found[limit-1]
		out.paging = after(false, last.Created, last.ID)
	}
	ids := make([]string, len(found))
	for i, b := range found {
		ids[i] = b.ID
	}
	stands, err := s.deps.Batches.Standings(r.Context(), ids)
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	for _, b := range found {
		x := stands[b.ID]
		out.Batches = append(out.Batches, listedBatch{batchOf(b), standingJSON{cmp.Or(x.Decision, batch.Undecided), x.Waits, x.Open, x.Excursions}})
	}
	return out, nil
}

type batchAnswer struct {
	Now   stamp     `json:"now"`
	Batch batchJSON `json:"batch"`
}

func (s *Server) batch(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !batchID.MatchString(id) {
		return nil, badInput("批次号不对："+clip(id), "that is no batch id: "+clip(id))
	}
	h, err := s.deps.Batches.Batch(r.Context(), id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	out := batchAnswer{stamp(s.opt.Now()), batchOf(h)}
	out.Batch.Ages = s.ages(id)
	return out, nil
}

type newBatch struct {
	ID       string `json:"id"`
	Product  string `json:"product"`
	Profile  string `json:"profile"`
	Quantity string `json:"quantity"`
	Owner    string `json:"owner"`
	Zone     string `json:"zone"`
	At       string `json:"at"` // default now
	actorInput
	Override string `json:"override"` // why it lies where it does not agree
	receivedInput
}

func (in newBatch) check() error {
	if !batchID.MatchString(in.ID) {
		return badInput("id 应为 1 到 64 个字母、数字或连字符，例如 HJQ261123-TLG-007",
			"id must be 1 to 64 letters, digits or hyphens, such as HJQ261123-TLG-007")
	}
	if in.Profile != "" && !sensors.IsSlug(in.Profile) {
		return badInput("profile 应为产品档案的名字，例如 chilled-mutton", "profile must be a product profile's name, such as chilled-mutton")
	}
	return firstError(checkText("product", in.Product, 80, true), checkText("quantity", in.Quantity, 40, false),
		checkText("owner", in.Owner, 80, false), in.actorInput.check(false), checkOverride(in.Override, in.Actor))
}

// checkOverride checks who says why goods lie where they do not agree: a reason
// has a name.
func checkOverride(reason, actor string) error {
	return firstError(checkText("override", reason, 200, false), checkText("actor", actor, 40, reason != ""))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) createBatch(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	var in newBatch
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	at, timeErr := s.timeOf(in.At)
	if err := firstError(in.check(), s.goodsZone(in.Zone), timeErr, in.receivedInput.check(s, in.Zone)); err != nil {
		return nil, err
	}
	b := batch.Batch{ID: in.ID, Product: in.Product, Profile: in.Profile, Quantity: in.Quantity, Owner: in.Owner, Created: at}
	h, err := s.deps.Batches.CreateBatch(r.Context(), in.by(r), key, b, in.Zone, at, in.Override)
	if err != nil {
		return nil, stateError(err, "批次 "+in.ID, "batch "+in.ID)
	}
	if err := s.received(r, in.by(r), key, in.ID, in.receivedInput, batch.Custody{Zone: in.Zone, From: h.Created}); err != nil {
		return nil, err
	}
	return created{batchAnswer{stamp(s.opt.Now()), batchOf(h)}}, nil
}

func (s *Server) moveBatch(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !batchID.MatchString(id) {
		return nil, badInput("批次号不对："+clip(id), "that is no batch id: "+clip(id))
	}
	var in moveInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if in.Zone == nil && in.Place == "" {
		return nil, badInput(`请给出 zone；批次离开冷链时写 ""`, `give a zone; write "" when the batch leaves the cold chain`)
	}
	at, timeErr := s.timeOf(in.At)
	m := in.move(at)
	if err := firstError(timeErr, in.check(s), in.receivedInput.check(s, m.Zone)); err != nil {
		return nil, err
	}
	h, err := s.deps.Batches.MoveBatch(r.Context(), in.by(r), key, id, m)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	if n := len(h.Custody); n > 0 {
		if err := s.received(r, in.by(r), key, id, in.receivedInput, h.Custody[n-1]); err != nil {
			return nil, err
		}
	}
	return created{batchAnswer{stamp(s.opt.Now()), batchOf(h)}}, nil
}

// moveInput says where goods go.
type moveInput struct {
	// Zone must be there, so that forgetting it does not send the goods away; ""
	// says that the batch has left the county's cold chain.
	Zone    *string        `json:"zone"`
	Place   string         `json:"place"`
	Courier *batch.Courier `json:"courier"`
	At      string         `json:"at"`
	actorInput
	Override string `json:"override"`
	receivedInput
}

// receivedInput is how warm goods were when they came in, if somebody measured.
type receivedInput struct {
	ProductC *float64 `json:"product_c"` // °C
	Method   string   `json:"method"`    // surface, between-packs or core
}

func (in receivedInput) check(s *Server, zone string) error {
	switch {
	case in.ProductC == nil && in.Method == "":
		return nil
	case in.ProductC == nil:
		return badInput("写了 method（测温位置），没有写 product_c（货温 °C）", "there is a method and no product_c, in °C")
	case zone == "":
		return badInput("货温 product_c 只在入库时写；离开时写在交接里", "product_c is of goods that come into a zone; what leaves has it in its handover")
	case !slices.Contains(batch.Methods(), in.Method) || in.Method == "air":
		return badInput("请写明货温在哪里测的：method 为 surface、between-packs 或 core", "say where the goods were measured: method is surface, between-packs or core")
	case s.deps.Custody == nil:
		return badInput("这里不登记货温", "no temperatures of goods are kept here")
	}
	var fault *batch.Fault
	if err := batch.CheckC(*in.ProductC); errors.As(err, &fault) {
		return badInput(fault.ZH, fault.EN)
	}
	return nil
}

// received writes down how warm goods were that have just been booked. A request
// that failed between the two is sent again under its key, and is whole then.
func (s *Server) received(r *http.Request, by Actor, key, id string, in receivedInput, stay batch.Custody) error {
	if in.ProductC == nil {
		return nil
	}
	x := Receipt{batch.Manual{Zone: stay.Zone, At: stay.From, ValueC: *in.ProductC, Method: in.Method}}
	if err := s.deps.Custody.Enter(r.Context(), by, key+"/received", id, x); err != nil {
		return stateError(err, "批次 "+id, "batch "+id)
	}
	return nil
}

func (in moveInput) check(s *Server) error {
	if in.Zone != nil && *in.Zone != "" {
		if err := s.goodsZone(*in.Zone); err != nil {
			return err
		}
	}
	return firstError(checkText("place", in.Place, 100, false), in.actorInput.check(false), checkOverride(in.Override, in.Actor))
}

func (in moveInput) move(at time.Time) Move {
	m := Move{Place: in.Place, Courier: in.Courier, At: at, Override: in.Override}
	if in.Zone != nil {
		m.Zone = *in.Zone
	}
	return m
}

// goodsZone checks that goods can lie in a zone.
func (s *Server) goodsZone(id string) error {
	z, ok := s.index.zones[id]
	if !ok || z.Kind == config.Technical {
		return badInput("没有可以放货的库区："+clip(id), "there is no zone for goods: "+clip(id))
	}
	return nil
}

// eventTime reads when something happened; empty is now. What lies ahead, or
// too long ago, is a slip of the pen.
func (s *Server) eventTime(text string) (time.Time, error) {
	now := s.opt.Now().UTC().Truncate(time.Millisecond)
	if text == "" {
		return now, nil
	}
	at, err := parseTime("at", text)
	if err != nil {
		return at, err
	}
	if at.After(now.Add(5*time.Minute)) || at.Before(now.Add(-maxWindow)) {
		return at, badInput("at 不能在将来，也不能早于 400 天前", "at must not lie in the future or more than 400 days back")
	}
	return at, nil
}

// requestKey reads the name under which a request may be repeated safely.
func requestKey(r *http.Request) (string, error) {
	if err := onlyParams(r); err != nil {
		return "", err
	}
	key := r.Header.Get("Idempotency-Key")
	if !idempotencyKey.MatchString(key) {
		return "", badInput("请在请求头 Idempotency-Key 里写一个不重复的编号（1 到 100 个字符），重发时保持不变",
			"send a unique Idempotency-Key header of 1 to 100 characters and keep it when you send the request again")
	}
	return key, nil
}
