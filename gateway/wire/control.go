package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"coldchain/sensors"
)

// Bounds of control messages. They are generous: a county has 50 gateways of
// some dozen points each.
const (
	maxControlBytes          = 64 << 10
	maxInventoryBytes        = 256 << 10
	maxAckBytes              = 1 << 20 // one quarantined record in two: a range each
	maxAckRanges             = 10_000
	maxFaults                = 32
	maxFaultText             = 256
	maxProvisional           = 200
	maxInventoryItems        = 1000
	maxRetryAfterMS          = 24 * 3600 * 1000
	maxSequence       uint64 = 1<<63 - 1 // what a journal and a store can number
)

// EncodeAck puts an acknowledgement into JSON. It refuses what DecodeAck would.
func EncodeAck(a Ack) ([]byte, error) { return encodeControl("ack", a, a.check, maxAckBytes) }

// DecodeAck reads an acknowledgement in either form. Unknown keys are ignored, so that an old
// edge understands a new collector; a range that runs backwards, an unknown
// outcome or too many ranges are errors.
func DecodeAck(payload []byte) (Ack, error) {
	var a Ack
	var err error
	if len(payload) > 0 && payload[0] == terseMagic {
		a, err = decodeTerse(payload)
	} else {
		err = decodeControl("ack", payload, &a, maxAckBytes)
	}
	if err == nil {
		err = a.check()
	}
	if err != nil {
		return Ack{}, err
	}
	return a, nil
}

func (a Ack) check() error {
	if len(a.Ranges) > maxAckRanges {
		return fmt.Errorf("ack of %d ranges, at most %d", len(a.Ranges), maxAckRanges)
	}
	for _, r := range a.Ranges {
		switch {
		case r.From > r.To || r.To > maxSequence:
			return fmt.Errorf("ack of sequences %d to %d: not a range", r.From, r.To)
		case r.Outcome != Stored && r.Outcome != Quarantined && r.Outcome != RetryAfter:
			return fmt.Errorf("ack with outcome %.40q: not stored, quarantined or retry-after", r.Outcome)
		case r.AfterMS < 0 || r.AfterMS > maxRetryAfterMS:
			return fmt.Errorf("ack to retry after %d ms: not 0 to %d", r.AfterMS, maxRetryAfterMS)
		case !cleanText(string(r.Reason), maxWord):
			return fmt.Errorf("ack with reason %.80q: longer than %d bytes or not printable", r.Reason, maxWord)
		}
	}
	return nil
}

// EncodeHello puts the collector's greeting into JSON.
func EncodeHello(h Hello) ([]byte, error) { return encodeControl("hello", h, h.check, maxControlBytes) }

// DecodeHello reads the collector's greeting.
func DecodeHello(payload []byte) (Hello, error) {
	var h Hello
	err := decodeControl("hello", payload, &h, maxControlBytes)
	if err == nil {
		err = h.check()
	}
	if err != nil {
		return Hello{}, err
	}
	return h, nil
}

func (h Hello) check() error {
	switch {
	case h.Epoch >= maxSequence || h.Highest >= maxSequence:
		return fmt.Errorf("hello: epoch %d or highest sequence %d cannot be followed by another", h.Epoch, h.Highest)
	case h.Epoch == 0 && h.Highest > 0:
		return fmt.Errorf("hello: sequence %d seen in no epoch", h.Highest)
	case !cleanText(h.Generation, maxWord):
		return fmt.Errorf("hello: generation %.80q is longer than %d bytes or not printable", h.Generation, maxWord)
	}
	return nil
}

// EncodeStatus puts a gateway's status into JSON. Of too many faults the first,
// the worst, are sent: a gateway in great trouble must still be able to say so.
func EncodeStatus(s Status) ([]byte, error) {
	faults := s.Faults[:min(len(s.Faults), maxFaults)]
	s.Faults = nil
	for _, f := range faults {
		s.Faults = append(s.Faults, cutText(f, maxFaultText))
	}
	return encodeControl("status", s, s.check, maxControlBytes)
}

// DecodeStatus reads a gateway's status.
func DecodeStatus(payload []byte) (Status, error) {
	var s Status
	err := decodeControl("status", payload, &s, maxControlBytes)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return Status{}, err
	}
	return s, nil
}

func (s Status) check() error {
	if !sensors.IsSlug(s.Gateway) || !sensors.IsSlug(s.Site) {
		return fmt.Errorf("status of gateway %.60q at site %.60q: not names", s.Gateway, s.Site)
	}
	if s.Oldest > s.Next || s.Next > maxSequence {
		return fmt.Errorf("status of %s: oldest sequence %d, next %d: not a range", s.Gateway, s.Oldest, s.Next)
	}
	if s.Kept > maxSequence {
		return fmt.Errorf("status of %s: %d records kept: more than a journal can number", s.Gateway, s.Kept)
	}
	for _, w := range []string{s.Session, s.Boot, s.Version, s.Limits, s.Book, string(s.Clock)} {
		if !cleanText(w, 2*maxWord) {
			return fmt.Errorf("status of %s: %.80q is too long or not printable", s.Gateway, w)
		}
	}
	if len(s.Faults) > maxFaults {
		return fmt.Errorf("status of %s: %d faults, at most %d", s.Gateway, len(s.Faults), maxFaults)
	}
	for _, f := range s.Faults {
		if !cleanText(f, maxFaultText) {
			return fmt.Errorf("status of %s: fault %.80q is longer than %d bytes or not printable", s.Gateway, f, maxFaultText)
		}
	}
	return checkProvisional(s)
}

func checkProvisional(s Status) error {
	if len(s.Provisional) > maxProvisional {
		return fmt.Errorf("status of %s: %d provisional readings, at most %d", s.Gateway, len(s.Provisional), maxProvisional)
	}
	for _, p := range s.Provisional {
		if _, err := sensors.ParsePointID(p.Point); err != nil {
			return fmt.Errorf("status of %s: %w", s.Gateway, err)
		}
		quality, err := sensors.ParseQuality(p.Quality)
		switch {
		case err != nil:
			return fmt.Errorf("status of %s: %s: %w", s.Gateway, p.Point, err)
		case (quality == sensors.Bad) != (p.Value == nil):
			return fmt.Errorf("status of %s: %s: quality %s and its value contradict", s.Gateway, p.Point, quality)
		case p.AgeMS < 0 || !cleanText(p.Reason, maxWord):
			return fmt.Errorf("status of %s: %s: age of %d ms or reason %.80q is not one", s.Gateway, p.Point, p.AgeMS, p.Reason)
		}
	}
	return nil
}

// EncodeInventory puts a gateway's list of devices into JSON.
func EncodeInventory(i Inventory) ([]byte, error) {
	return encodeControl("inventory", i, i.check, maxInventoryBytes)
}

// DecodeInventory reads a gateway's list of devices.
func DecodeInventory(payload []byte) (Inventory, error) {
	var i Inventory
	err := decodeControl("inventory", payload, &i, maxInventoryBytes)
	if err == nil {
		err = i.check()
	}
	if err != nil {
		return Inventory{}, err
	}
	return i, nil
}

func (i Inventory) check() error {
	if !sensors.IsSlug(i.Gateway) || !sensors.IsSlug(i.Site) {
		return fmt.Errorf("inventory of gateway %.60q at site %.60q: not names", i.Gateway, i.Site)
	}
	if !cleanText(i.Boot, maxWord) {
		return fmt.Errorf("inventory of %s: boot id %.80q is too long or not printable", i.Gateway, i.Boot)
	}
	items := len(i.Devices)
	for _, d := range i.Devices {
		items += len(d.Points)
		words := []string{d.Name, d.Bus}
		for _, p := range d.Points {
			words = append(words, p.Quantity, p.Unit)
			if _, err := sensors.ParsePointID(p.ID); err != nil {
				return fmt.Errorf("inventory of %s: device %.60q: %w", i.Gateway, d.Name, err)
			}
		}
		if !cleanText(d.Profile, maxDetailText) {
			return fmt.Errorf("inventory of %s: profile %.80q is too long or not printable", i.Gateway, d.Profile)
		}
		for _, w := range words {
			if !cleanText(w, maxWord) {
				return fmt.Errorf("inventory of %s: %.80q is too long or not printable", i.Gateway, w)
			}
		}
	}
	if items > maxInventoryItems {
		return fmt.Errorf("inventory of %s: %d devices and points, at most %d", i.Gateway, items, maxInventoryItems)
	}
	return nil
}

// maxResend bounds the ranges of one command and of one declaration.
const maxResend = 100

// EncodeCommand puts a command into JSON.
func EncodeCommand(c Command) ([]byte, error) {
	return encodeControl("command", c, c.check, maxControlBytes)
}

// DecodeCommand reads a command. One that asks for nothing that is known here
// is no error: a newer collector may know more.
func DecodeCommand(payload []byte) (Command, error) {
	var c Command
	err := decodeControl("command", payload, &c, maxControlBytes)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return Command{}, err
	}
	return c, nil
}

func (c Command) check() error {
	if len(c.Resend) > maxResend {
		return fmt.Errorf("command to send %d ranges again, at most %d", len(c.Resend), maxResend)
	}
	if len(c.Resend) > 0 && (c.Epoch == 0 || c.Epoch > maxSequence) {
		return fmt.Errorf("command to send records of epoch %d again: no such epoch", c.Epoch)
	}
	if c.Limits != nil {
		if err := c.Limits.check(); err != nil {
			return fmt.Errorf("command with %w", err)
		}
	}
	if c.Book != nil {
		if err := c.Book.check(); err != nil {
			return fmt.Errorf("command with a %w", err)
		}
	}
	for _, r := range c.Resend {
		if err := r.check(); err != nil {
			return fmt.Errorf("command to send again: %w", err)
		}
	}
	return nil
}

func (r Range) check() error {
	if r.From == 0 || r.From > r.To || r.To > maxSequence {
		return fmt.Errorf("sequences %d to %d: not a range", r.From, r.To)
	}
	return nil
}

// GoneDetail is the detail of an EventGone: which records of which epoch.
func GoneDetail(epoch uint64, gone []Range) map[string]string {
	parts := make([]string, len(gone))
	for i, r := range gone {
		parts[i] = strconv.FormatUint(r.From, 10) + "-" + strconv.FormatUint(r.To, 10)
	}
	return map[string]string{"epoch": strconv.FormatUint(epoch, 10), "ranges": strings.Join(parts, " ")}
}

// ParseGone reads what GoneDetail wrote.
func ParseGone(detail map[string]string) (epoch uint64, gone []Range, err error) {
	if epoch, err = strconv.ParseUint(detail["epoch"], 10, 63); err != nil || epoch == 0 {
		return 0, nil, fmt.Errorf("declared records of epoch %.40q: no such epoch", detail["epoch"])
	}
	words := strings.Fields(detail["ranges"])
	if len(words) > maxResend {
		return 0, nil, fmt.Errorf("%d declared ranges, at most %d", len(words), maxResend)
	}
	for _, word := range words {
		from, to, _ := strings.Cut(word, "-")
		var r Range
		var errTo error
		r.From, err = strconv.ParseUint(from, 10, 63)
		r.To, errTo = strconv.ParseUint(to, 10, 63)
		if err = errors.Join(err, errTo); err == nil {
			err = r.check()
		}
		if err != nil {
			return 0, nil, fmt.Errorf("declared records %.60q: %w", word, err)
		}
		gone = append(gone, r)
	}
	return epoch, gone, nil
}

func encodeControl(what string, v any, check func() error, most int) ([]byte, error) {
	if err := check(); err != nil {
		return nil, fmt.Errorf("encode %w", err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", what, err)
	}
	if len(b) > most {
		return nil, fmt.Errorf("encode %s: %d bytes, at most %d", what, len(b), most)
	}
	return b, nil
}

func decodeControl(what string, payload []byte, into any, most int) error {
	if len(payload) > most {
		return &MessageError{TooLarge, fmt.Sprintf("%s of %d bytes, at most %d", what, len(payload), most)}
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return &MessageError{Malformed, fmt.Sprintf("%s: %v", what, err)}
	}
	return nil
}
