package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
)

type detailsInput struct {
	batch.Details
	DeliverBy string `json:"deliver_by"` // RFC 3339, or a day: its end
	actorInput
}

func (s *Server) details(_ *http.Request, in detailsInput) (_ any, err error) {
	in.Details.DeliverBy = time.Time{}
	if in.DeliverBy != "" {
		in.Details.DeliverBy, err = s.dayOf("deliver_by", in.DeliverBy)
		if len(in.DeliverBy) == len(time.DateOnly) {
			in.Details.DeliverBy = batch.DayEnd(in.Details.DeliverBy)
		}
	}
	return in.Details, err
}

type documentInput struct {
	Kind   string `json:"kind"`
	Number string `json:"number"`
	Date   string `json:"date"` // RFC 3339, or a day
	File   string `json:"file"`
	Name   string `json:"name"`
	actorInput
}

func (s *Server) document(_ *http.Request, in documentInput) (any, error) {
	date, err := s.dayOf("date", in.Date)
	if err := firstError(err, checkText("number", in.Number, 100, true), s.checkFile(in.File)); err != nil {
		return nil, err
	}
	return batch.Document{Kind: in.Kind, Number: in.Number, Date: date, File: in.File, Name: in.Name}, nil
}

// dayOf reads a time, or a day as it is printed on papers: its beginning in the
// county's zone.
func (s *Server) dayOf(field, text string) (time.Time, error) {
	if zone, err := time.LoadLocation(s.deps.County.Timezone); err == nil {
		if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
			return day.UTC(), nil
		}
	}
	return parseTime(field, text)
}

// checkFile refuses a file that was not sent: a dossier must not name what
// nobody can show.
func (s *Server) checkFile(sum string) error {
	if sum == "" {
		return nil
	}
	if s.deps.Files != nil {
		f, _, err := s.deps.Files.Open(sum)
		if err == nil {
			return f.Close()
		}
		if !errors.Is(err, files.ErrNotFound) {
			return err
		}
	}
	return badInput("没有收到这个文件，请先上传：POST /api/v1/files", "there is no such file; send it first: POST /api/v1/files")
}

// timeOf reads when something happened; zero is now, as the county's books have
// it: a request that is sent again must be the same request.
func (s *Server) timeOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return s.eventTime(text)
}

type inspectionInput struct {
	At     string `json:"at"` // default now
	Item   string `json:"item"`
	Method string `json:"method"`
	Value  string `json:"value"`
	Limit  string `json:"limit"`
	Pass   *bool  `json:"pass"`
	By     string `json:"by"` // who looked; default the actor
	File   string `json:"file"`
	actorInput
}

func (s *Server) inspection(_ *http.Request, in inspectionInput) (any, error) {
	at, err := s.timeOf(in.At)
	if in.Pass == nil {
		return nil, badInput("请写明 pass：true 合格，false 不合格", "say pass: true or false")
	}
	if err := firstError(err, s.checkFile(in.File), checkText("item", in.Item, 100, true)); err != nil {
		return nil, err
	}
	return batch.Inspection{At: at, Item: in.Item, Method: in.Method, Value: in.Value, Limit: in.Limit, Pass: *in.Pass, By: in.By, File: in.File}, nil
}

type manualInput struct {
	Zone   string   `json:"zone"`
	At     string   `json:"at"` // default now
	ValueC *float64 `json:"value_c"`
	Class  string   `json:"class"` // manual (default) or imported
	Method string   `json:"method"`
	By     string   `json:"by"`
	File   string   `json:"file"`
	actorInput
}

func (s *Server) manual(r *http.Request, in manualInput) (any, error) {
	return s.measured(r, in)
}

func (s *Server) measured(_ *http.Request, in manualInput) (batch.Manual, error) {
	at, err := s.timeOf(in.At)
	if in.ValueC == nil {
		return batch.Manual{}, badInput("请写温度 value_c", "give the temperature, value_c")
	}
	if err := firstError(err, s.checkFile(in.File)); err != nil {
		return batch.Manual{}, err
	}
	return batch.Manual{Zone: in.Zone, At: at, ValueC: *in.ValueC, Class: in.Class, Method: in.Method, By: in.By, File: in.File}, nil
}

type temperatureAnswer struct {
	Now         stamp        `json:"now"`
	Temperature batch.Manual `json:"temperature"`
}

func (s *Server) zoneTemperature(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	var in manualInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	what, err := s.measured(r, in)
	if err := firstError(err, s.goodsZone(in.Zone), in.actorInput.check(true)); err != nil {
		return nil, err
	}
	if err := s.deps.Custody.Enter(r.Context(), in.by(r), key, "", what); err != nil {
		return nil, stateError(err, "库区 "+in.Zone, "zone "+in.Zone)
	}
	return created{temperatureAnswer{stamp(s.opt.Now()), what}}, nil
}

type handoverInput struct {
	At       string        `json:"at"`
	From     string        `json:"from"`
	To       string        `json:"to"`
	ProductC *float64      `json:"product_c"`
	Method   string        `json:"method"`
	Outcome  batch.Outcome `json:"outcome"`
	Note     string        `json:"note"`
	File     string        `json:"file"`
	// Move is where the goods go with it; absent: they stay where they are.
	Move *moveInput `json:"move"`
	actorInput
}

func (s *Server) handover(r *http.Request, in handoverInput) (any, error) {
	at, err := s.timeOf(in.At)
	if err := firstError(err, s.checkFile(in.File), checkText("from", in.From, 100, true), checkText("to", in.To, 100, true), checkText("note", in.Note, 500, false)); err != nil {
		return nil, err
	}
	h := Handing{Handover: batch.Handover{At: at, Batch: r.PathValue("id"), From: in.From, To: in.To, ProductC: in.ProductC, Method: in.Method,
		Outcome: in.Outcome, Note: in.Note, File: in.File}}
	if in.Move != nil {
		in.Move.Actor = in.Actor
		if in.Move.ProductC != nil || in.Move.receivedInput.Method != "" {
			return nil, badInput("货温写在交接里，不写在 move 里", "the temperature belongs to the handover and not to its move")
		}
		if err := in.Move.check(s); err != nil {
			return nil, err
		}
		m := in.Move.move(at)
		h.Move = &m
	}
	return h, nil
}

type staysInput struct {
	Stays  []batch.Custody `json:"stays"`
	Reason string          `json:"reason"`
	actorInput
}

func (s *Server) stays(_ *http.Request, in staysInput) (any, error) {
	for _, c := range in.Stays {
		if c.Zone != "" {
			if err := s.goodsZone(c.Zone); err != nil {
				return nil, err
			}
		}
	}
	return Stays{in.Stays, in.Reason}, checkText("reason", in.Reason, 500, true)
}

type whenInput struct {
	At     string `json:"at"`
	Reason string `json:"reason"`
	actorInput
}

func (s *Server) takingOut(_ *http.Request, in whenInput) (any, error) {
	at, err := s.timeOf(in.At)
	return TakenOut{at}, err
}

func (s *Server) closeBatch(_ *http.Request, in whenInput) (any, error) {
	at, err := s.timeOf(in.At)
	return BatchClosing{at, in.Reason}, firstError(err, checkText("reason", in.Reason, 300, true))
}

type verdictInput struct {
	Decision batch.Decision `json:"decision"`
	Reason   string         `json:"reason"`
	Quantity string         `json:"quantity"`
	Severe   bool           `json:"severe"`
	actorInput
}

func (s *Server) verdict(r *http.Request, in verdictInput) (any, error) {
	return batch.Verdict{Batch: r.PathValue("id"), Decision: in.Decision, Reason: in.Reason, Quantity: in.Quantity, Severe: in.Severe},
		checkText("reason", in.Reason, 500, true)
}

type signatureInput struct{ actorInput }

func (s *Server) signature(r *http.Request, _ signatureInput) (any, error) {
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || version < 1 {
		return nil, badInput("判定的版本应为 1、2、3…", "a verdict's version is 1, 2, 3, ...")
	}
	return Signature{version}, nil
}

type derivationInput struct {
	Relation batch.Relation `json:"relation"`
	At       string         `json:"at"`
	Inputs   []batch.Share  `json:"inputs"`
	Outputs  []struct {
		ID       string `json:"id"`
		Product  string `json:"product"`
		Profile  string `json:"profile"`
		Quantity string `json:"quantity"`
		Owner    string `json:"owner"`
		Zone     string `json:"zone"`
		Override string `json:"override"`
	} `json:"outputs"`
	actorInput
}

func (s *Server) derive(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	var in derivationInput
	if err := readUpTo(maxDerivation, r, &in, false); err != nil {
		return nil, err
	}
	at, err := s.timeOf(in.At)
	d := Derivation{Derivation: batch.Derivation{Relation: in.Relation, At: at, Inputs: in.Inputs}}
	for _, o := range in.Outputs {
		if !batchID.MatchString(o.ID) {
			return nil, badInput("新批次号不对："+clip(o.ID), "that is no batch id: "+clip(o.ID))
		}
		if o.Zone != "" {
			if err := s.goodsZone(o.Zone); err != nil {
				return nil, err
			}
		}
		if err := checkOverride(o.Override, in.Actor); err != nil {
			return nil, err
		}
		d.Outputs = append(d.Outputs, DerivedBatch{batch.Batch{ID: o.ID, Product: o.Product, Profile: o.Profile, Quantity: o.Quantity, Owner: o.Owner}, o.Zone, o.Override})
	}
	if err := firstError(err, in.actorInput.check(true)); err != nil {
		return nil, err
	}
	if len(in.Inputs) == 0 {
		return nil, badInput("请给出 inputs：从哪些批次来", "give inputs: the batches it comes from")
	}
	if err := s.deps.Custody.Enter(r.Context(), in.by(r), key, "", d); err != nil {
		return nil, stateError(err, "其中一个批次", "one of the batches")
	}
	answer, err := s.dossierOf(r.Context(), in.Inputs[0].ID)
	return created{answer}, err
}

// maxDerivation bounds a derivation's request: a thousand boxes.
const maxDerivation = 512 << 10
