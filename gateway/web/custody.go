package web

import (
	"context"
	"io"
	"net/http"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
)

// Custody is what is written down of batches beside where they lay. Whoever acts
// is named by the request; a name or id of the roster is that person.
type Custody interface {
	// Dossier returns all that is known of a batch, or ErrNotFound.
	Dossier(ctx context.Context, id string) (Dossier, error)
	// Recall lists where every part of a batch went, or ErrNotFound.
	Recall(ctx context.Context, id string) ([]batch.Part, error)
	// LoggerValues returns a logger's file that was attached to a batch, with its
	// values, or ErrNotFound.
	LoggerValues(ctx context.Context, id string, number int) (Attachment, error)
	// Enter writes down one thing; `what` is one of batch.Details,
	// batch.Document, batch.Inspection, batch.Manual, Attachment, Receipt, Handing, Stays, Derivation,
	// TakenOut, BatchClosing, batch.Verdict or Signature. Keys work as in
	// Batches.CreateBatch. A *Refused says why not. id may be empty for a
	// batch.Manual of a zone and for a Derivation.
	Enter(ctx context.Context, by Actor, key, id string, what any) error
}

// Dossier is what is known of a batch, with people by their names.
type Dossier struct {
	batch.Dossier
	Rule    batch.Rule
	Against []batch.Objection // what stands against releasing it now
}

// Handing is a handover, and where the goods go with it; a nil Move: they stay.
type Handing struct {
	batch.Handover
	Move *Move
}

// Receipt is a temperature of goods that was measured as they came into its Zone.
type Receipt struct{ batch.Manual }

// Stays replace where a batch lay.
type Stays struct {
	Stays  []batch.Custody
	Reason string
}

// Derivation makes batches of others; an output's Zone is empty where it lies
// with the first input.
type Derivation struct {
	batch.Derivation
	Outputs []DerivedBatch
}

// DerivedBatch is one batch that comes out of others.
type DerivedBatch struct {
	batch.Batch
	Zone, Override string
}

// TakenOut says that a batch was taken out of its container.
type TakenOut struct{ At time.Time }

// BatchClosing says that nothing is left of a batch.
type BatchClosing struct {
	At     time.Time
	Reason string
}

// Signature is a second person's, under a verdict.
type Signature struct{ Version int }

// Files keeps photos and papers; files.Store satisfies it.
type Files interface {
	// PutLog keeps a text that was read as a logger's file.
	PutLog(ctx context.Context, body []byte) (files.File, error)
	Put(ctx context.Context, r io.Reader) (files.File, error)
	Open(sum string) (io.ReadSeekCloser, files.File, error)
}

// custodyRoutes are those of what is written down of batches.
func (s *Server) custodyRoutes(add func(string, methods), read func(apiFunc) methods) {
	if s.deps.Custody != nil {
		post := func(pattern string, f apiFunc) { add(pattern, methods{"POST": s.write(f)}) }
		add("/api/v1/batches/{id}/dossier", read(s.dossier))
		add("/api/v1/batches/{id}/recall", read(s.recall))
		post("/api/v1/batches/{id}/details", enter(s, s.details))
		post("/api/v1/batches/{id}/documents", enter(s, s.document))
		post("/api/v1/batches/{id}/inspections", enter(s, s.inspection))
		post("/api/v1/batches/{id}/temperatures", enter(s, s.manual))
		post("/api/v1/batches/{id}/handovers", enter(s, s.handover))
		post("/api/v1/batches/{id}/stays", enter(s, s.stays))
		post("/api/v1/batches/{id}/taking-out", enter(s, s.takingOut))
		post("/api/v1/batches/{id}/closing", enter(s, s.closeBatch))
		post("/api/v1/batches/{id}/verdicts", enter(s, s.verdict))
		post("/api/v1/batches/{id}/verdicts/{version}/signature", enter(s, s.signature))
		post("/api/v1/derivations", s.derive)
		post("/api/v1/temperatures", s.zoneTemperature)
	}
	if s.deps.Custody != nil && s.deps.Files != nil {
		add("/api/v1/batches/{id}/loggers", methods{"POST": s.write(s.attachLogger)})
		add("/api/v1/batches/{id}/loggers/{number}", read(s.loggerValues))
	}
	if s.deps.Files != nil {
		add("/api/v1/files", methods{"POST": s.write(s.putFile)})
		add("/api/v1/files/{sum}", methods{"GET": http.HandlerFunc(s.getFile)})
	}
	if s.deps.Intake != nil {
		add("/api/v1/import/template", methods{"GET": http.HandlerFunc(s.importTemplate)})
		add("/api/v1/import/batches", methods{"POST": s.remembering(http.HandlerFunc(s.importBatches))})
	}
}

type dossierAnswer struct {
	Now     stamp             `json:"now"`
	Dossier batch.Dossier     `json:"dossier"`
	Verdict batch.Verdict     `json:"verdict"` // the one in force
	Against []batch.Objection `json:"against"`
	Rule    ruleJSON          `json:"rule"`
	// Left is what has not gone into another batch; empty when nobody can reckon.
	Left string `json:"left"`
}

type ruleJSON struct {
	Documents   []string `json:"documents"`
	Coverage    float64  `json:"coverage"`
	LongestGapS float64  `json:"longest_gap_s"`
}

func (s *Server) dossierOf(ctx context.Context, id string) (any, error) {
	d, err := s.deps.Custody.Dossier(ctx, id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	out := dossierAnswer{Now: stamp(s.opt.Now()), Dossier: d.Dossier, Verdict: batch.InForce(d.Verdicts), Against: append([]batch.Objection{}, d.Against...),
		Rule: ruleJSON{append([]string{}, d.Rule.Documents...), d.Rule.Coverage, d.Rule.Gap.Seconds()}}
	if d.Balance.Known {
		out.Left = d.Balance.Left.String()
	}
	return out, nil
}

// pathBatch is the batch that a request is about.
func pathBatch(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !batchID.MatchString(id) {
		return "", badInput("批次号不对："+clip(id), "that is no batch id: "+clip(id))
	}
	return id, nil
}

func (s *Server) dossier(r *http.Request) (any, error) {
	id, err := pathBatch(r)
	if err := firstError(onlyParams(r), err); err != nil {
		return nil, err
	}
	return s.dossierOf(r.Context(), id)
}

type recallAnswer struct {
	Now   stamp        `json:"now"`
	Parts []batch.Part `json:"parts"`
}

func (s *Server) recall(r *http.Request) (any, error) {
	id, err := pathBatch(r)
	if err := firstError(onlyParams(r), err); err != nil {
		return nil, err
	}
	parts, err := s.deps.Custody.Recall(r.Context(), id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	return recallAnswer{stamp(s.opt.Now()), append([]batch.Part{}, parts...)}, nil
}

// entered is a request that writes something down, with who does it.
type entered interface{ self() actorInput }

// enter makes a route of what turns a request into something to write down. It
// answers with the dossier as it is then.
func enter[T entered](s *Server, make func(*http.Request, T) (any, error)) apiFunc {
	return func(r *http.Request) (any, error) {
		key, err := requestKey(r)
		if err != nil {
			return nil, err
		}
		id, err := pathBatch(r)
		if err != nil {
			return nil, err
		}
		var in T
		if err := readBody(r, &in, false); err != nil {
			return nil, err
		}
		what, err := make(r, in)
		if err := firstError(err, in.self().check(true)); err != nil {
			return nil, err
		}
		if err := s.deps.Custody.Enter(r.Context(), in.self().by(r), key, id, what); err != nil {
			return nil, stateError(err, "批次 "+id, "batch "+id)
		}
		answer, err := s.dossierOf(r.Context(), id)
		return created{answer}, err
	}
}
