package alarms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"coldchain/alerting/engine"
	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
)

const (
	// restlessEvery and calmEvery are how often the state is written where
	// something is outside or open, and where nothing is: a flash card wears.
	// What changes an alarm is written at once.
	restlessEvery = time.Minute
	calmEvery     = 10 * time.Minute
	fileVersion   = 1
	head          = "coldchain-alarms 1 "
	mostBytes     = 16 << 20
)

// memory is what a file holds.
type memory struct {
	Version  int                        `json:"v"`
	Line     timeline                   `json:"line"`
	Engine   map[string]json.RawMessage `json:"engine"`
	Open     []*present                 `json:"open"`
	County   *wire.SiteLimits           `json:"county,omitempty"`
	CountyAt int64                      `json:"county_at,omitempty"`
	Book     *wire.SiteBook             `json:"book,omitempty"`
	BookAt   int64                      `json:"book_at,omitempty"`
	Truck    json.RawMessage            `json:"truck,omitempty"`
	Words    []word                     `json:"words,omitempty"`
	Loads    []load                     `json:"loads,omitempty"`
	Watch    map[string]json.RawMessage `json:"watch,omitempty"`
	Away     int64                      `json:"away,omitempty"`
	Notes    []*note                    `json:"notes,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// load reads the file. What cannot be believed is set aside.
func (j *Judge) load() error {
	if j.o.File == "" {
		return nil
	}
	// What a power cut left of a write is nobody's.
	left, _ := filepath.Glob(j.o.File + ".[0-9]*")
	for _, name := range left {
		_ = os.Remove(name)
	}
	b, err := os.ReadFile(j.o.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var m memory
	if err == nil {
		m, err = decode(b)
	}
	if err == nil {
		err = j.recall(m)
	}
	if err == nil {
		return nil
	}
	aside := j.o.File + ".damaged"
	j.o.Logger.Error("what the site's own alarms had written down cannot be read; they begin anew", "file", j.o.File, "set_aside", aside, "error", err)
	j.line, j.state, j.open, j.county = timeline{}, map[string][]byte{}, map[string]*present{}, nil
	j.book, j.words, j.loads, j.watched = nil, nil, nil, map[string][]byte{}
	j.away, j.notes = 0, nil
	if j.truck != nil {
		j.truck = newTruck(j.o.Box, j.o.Points)
	}
	_ = os.Rename(j.o.File, aside) // if that fails too, the next write replaces it
	return nil
}

func decode(b []byte) (m memory, err error) {
	line, body, found := bytes.Cut(b, []byte("\n"))
	var sum uint32
	if _, scan := fmt.Sscanf(string(line[:min(len(line), 40)]), head+"%08x", &sum); scan != nil || !found || len(b) > mostBytes {
		return m, fmt.Errorf("it does not begin with %q and a sum", head)
	}
	if crc32.Checksum(body, castagnoli) != sum {
		return m, fmt.Errorf("its sum is not that of what it holds")
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, err
	}
	if m.Version != fileVersion {
		return m, fmt.Errorf("version %d; this program reads version %d", m.Version, fileVersion)
	}
	return m, nil
}

// recall takes a memory over, after the engine has looked at its part.
func (j *Judge) recall(m memory) error {
	if m.Line.At < 0 || m.Line.At > maxTime || len(m.Line.Past) > maxPast {
		return fmt.Errorf("its time %d is none", m.Line.At)
	}
	for key, state := range m.Engine {
		j.state[key] = state
	}
	trial, err := engine.New(j.config(nil), at(firstTime))
	if err != nil {
		return nil // the configuration is wrong: New says so
	}
	if err := trial.Restore(j.state); err != nil {
		return err
	}
	if j.truck != nil && m.Truck != nil {
		if err := j.truck.Restore(m.Truck); err != nil {
			return err
		}
		j.truck.state = m.Truck
	}
	for _, p := range m.Open {
		if p == nil || p.ID == "" {
			return fmt.Errorf("an alarm in it has no identity")
		}
		j.open[p.ID] = p
	}
	j.line, j.county, j.countyAt, j.saved = m.Line, m.County, m.CountyAt, m.Line.At
	j.book, j.bookAt, j.words, j.loads = m.Book, m.BookAt, m.Words, m.Loads
	j.away, j.notes = m.Away, slices.DeleteFunc(m.Notes, func(n *note) bool { return n == nil })
	for key, state := range m.Watch {
		j.watched[key] = state
	}
	if _, err := j.newWatch(); err != nil {
		return err
	}
	return nil
}

// maxTime is the end of the year 9999.
const maxTime = 253_402_300_799_999

// Save writes down what a restart must not forget, when it is time to, or at
// once where it is the last time.
func (j *Judge) Save(last bool) error {
	content, at, decided, due := j.snapshot(last)
	if !due {
		return nil
	}
	if err := journal.WriteDurably(j.o.File, content); err != nil {
		j.mu.Lock()
		j.changed = true
		j.mu.Unlock()
		return fmt.Errorf("write down the site's own alarms: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.saved, j.kept = at, decided
	return nil
}

func (j *Judge) snapshot(last bool) (content []byte, at int64, decided uint64, due bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	every := calmEvery
	if j.restless() {
		every = restlessEvery
	}
	if j.o.File == "" || j.fresh || !last && !j.changed && j.line.At-j.saved < every.Milliseconds() {
		return nil, 0, 0, false
	}
	maps.Copy(j.state, j.engine.Dirty())
	m := memory{Version: fileVersion, Line: j.line, Open: j.sorted(), County: j.county, CountyAt: j.countyAt,
		Book: j.book, BookAt: j.bookAt, Words: j.words, Loads: j.loads, Away: j.away, Notes: j.notes}
	maps.Copy(j.watched, j.watch.Dirty())
	m.Watch = kept(j.watched)
	if j.truck != nil {
		if state := j.truck.Dirty(); state != nil {
			j.truck.state = state
		}
		m.Truck = j.truck.state
	}
	m.Engine = kept(j.state)
	body, err := json.Marshal(m)
	if err != nil {
		j.o.Logger.Error("put the site's own alarms into a file", "error", err)
		return nil, 0, 0, false
	}
	j.changed = false
	return append(fmt.Appendf(nil, head+"%08x\n", crc32.Checksum(body, castagnoli)), body...), j.line.At, j.decided, true
}

// kept are the objects of a state that are there; it forgets those that are gone.
func kept(state map[string][]byte) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(state))
	for key, object := range state {
		if object == nil {
			delete(state, key)
			continue
		}
		out[key] = object
	}
	return out
}

// restless reports whether anything is outside or open.
func (j *Judge) restless() bool {
	if len(j.open) > 0 {
		return true
	}
	for _, p := range j.o.Points {
		if j.engine.Status(p.ID).Word == engine.Out {
			return true
		}
	}
	return false
}
