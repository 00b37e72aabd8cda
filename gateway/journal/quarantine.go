package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coldchain/gateway/wire"
)

// CauseCorrupt is the cause of the gap that declares what a damaged journal
// file may have taken with it.
const CauseCorrupt = "journal-corrupt"

// EventQuarantined is the name of the event that says a journal file was moved
// aside: detail "file" is its name, "damage" what was found in it.
const EventQuarantined = "journal-quarantined"

const asideMark = ".corrupt-"

// metaSalvage remembers the file that is being read out and how far that got,
// so that a power cut does not end it.
const metaSalvage = "salvage"

// Quarantined returns the damaged files that were moved aside and still lie
// beside the journal, of each kind oldest first. A person takes them away; until
// then they belong into the status.
func (j *Journal) Quarantined() []string {
	return append(setAsideOf(j.listPath()), j.ownAside()...)
}

// ownAside are those that were this journal.
func (j *Journal) ownAside() []string { return setAsideOf(j.path) }

func setAsideOf(path string) (out []string) {
	found, err := filepath.Glob(globEscape(path) + asideMark + "*")
	if err != nil {
		return nil
	}
	for _, f := range found {
		switch filepath.Ext(f) {
		case ".wal", ".shm":
		default:
			out = append(out, f)
		}
	}
	sort.Strings(out)
	return out
}

func globEscape(path string) string {
	var b []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			b = append(b, '\\')
		}
		b = append(b, r)
	}
	return string(b)
}

// last is what was known of a journal before its file was found damaged.
type last struct {
	epoch, next, oldest uint64
	at                  time.Time // before it all was delivered
}

func (j *Journal) remembered() last {
	j.mu.Lock()
	l := last{epoch: j.epoch, next: j.next, oldest: j.oldest}
	if j.pending == 0 {
		l.at = j.timed.at
	}
	j.mu.Unlock()
	n, ok := j.readNote()
	if ok && n.epoch >= l.epoch {
		if n.epoch > l.epoch {
			l.oldest = n.oldest
		}
		l.epoch, l.oldest = n.epoch, max(l.oldest, n.oldest)
	}
	if n.at.After(l.at) {
		l.at = n.at
	}
	return l
}

// replace moves the damaged file aside and begins a new one. Numbers go on
// where they were, as far as that is known, so that nobody's place in the
// sequence lies beyond the end.
func (j *Journal) replace(ctx context.Context, cause error) error {
	was := j.remembered()
	_ = j.shut() // of a damaged file: what matters is that it is let go
	aside, err := j.moveAside()
	if err != nil {
		return fmt.Errorf("journal %s: move the damaged file aside: %w", j.path, classify(err))
	}
	j.o.Logger.Error("the journal file is damaged; it was moved aside and a new one begins", "file", aside, "error", cause)
	j.mu.Lock()
	j.epoch, j.next, j.oldest, j.pending, j.hasLast, j.timed = 0, 1, 1, 0, false, timed{}
	j.mu.Unlock()
	if err := j.openFile(ctx); err != nil {
		return errors.Join(err, j.shut())
	}
	if was.epoch == 0 {
		// Nothing is known of before: the seconds since 1970 are above every
		// epoch that was counted from 1.
		was.epoch = uint64(max(j.o.Now().Unix(), 1))
	}
	err = j.begin(ctx, was, aside, cause)
	if err == nil {
		err = j.resumeSalvage(ctx)
	}
	if err == nil {
		err = j.note(ctx, j.Epoch()) // of what it holds now
	}
	if err != nil {
		return errors.Join(fmt.Errorf("journal %s: begin anew: %w", j.path, classify(err)), j.shut())
	}
	return nil
}

// moveAside renames the file, its log and its index. Nothing of them is lost:
// the log is kept a second time, because reading the file out ends it.
func (j *Journal) moveAside() (aside string, err error) {
	if aside, err = j.asideName(j.path); err != nil {
		return "", err
	}
	if err := copyFile(j.path+"-wal", aside+".wal"); err != nil && !errors.Is(err, os.ErrNotExist) {
		j.o.Logger.Warn("the damaged journal's log could not be kept a second time", "error", err)
	}
	for _, suffix := range []string{"-shm", "-wal", ""} { // the file last: while it is there, all is
		err := os.Rename(j.path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // the file itself may be what is gone
			return "", err
		}
	}
	return aside, syncFolder(filepath.Dir(j.path))
}

// asideName is a name beside a damaged file that nothing has yet.
func (j *Journal) asideName(path string) (aside string, err error) {
	stamp := j.o.Now().UTC().Format("20060102T150405Z")
	aside = path + asideMark + stamp
	for i := 2; err == nil; i++ {
		if _, err = os.Lstat(aside); err == nil {
			aside = fmt.Sprintf("%s%s%s-%d", path, asideMark, stamp, i)
		}
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	return aside, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// begin writes the new journal's identity, the event, and what is to be
// salvaged, in one commit.
func (j *Journal) begin(ctx context.Context, was last, aside string, cause error) error {
	epoch := was.epoch + 1
	if err := j.note(ctx, epoch); err != nil {
		return err
	}
	at := j.o.Now()
	clock, mono := j.o.Stamp(at)
	event := wire.Record{Seq: max(was.next, 1), Kind: wire.EventRecord, Boot: j.o.Boot, Mono: mono, Clock: clock, Event: wire.Event{
		At: at, Name: EventQuarantined, Object: j.o.Scope, Detail: map[string]string{"file": filepath.Base(aside), "damage": short(cause.Error())}}}
	err := j.commit(ctx, func(ctx context.Context) error {
		return errors.Join(
			j.setIdentity(ctx, epoch, ""),
			j.insert(ctx, epoch, &event, false),
			j.setMeta(ctx, metaSalvage, salvageNote{file: filepath.Base(aside), after: 0, from: was.oldest, at: ms(was.at), next: was.next}.text()))
	})
	return errors.Join(err, j.load(ctx))
}

// short fits a sentence into an event: printable, and no longer than its detail
// may be. SQLite tells damage in several lines.
func short(s string) string {
	const most = 240 // bytes
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
