package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"coldchain/alerting/batch"
)

// The values of a logger's file are one row, however many: they are only ever
// read together. Each line is its time in milliseconds since 1970 (8 bytes,
// big-endian, two's complement), 1 and the eight bytes of the value in °C
// (IEEE 754, big-endian), or 0 where the logger had none.

func encodeLoggerValues(values []batch.LoggerValue) []byte {
	out := make([]byte, 0, 17*len(values))
	for _, v := range values {
		out = binary.BigEndian.AppendUint64(out, uint64(v.At.UnixMilli()))
		if v.C == nil {
			out = append(out, 0)
			continue
		}
		out = binary.BigEndian.AppendUint64(append(out, 1), math.Float64bits(*v.C))
	}
	return out
}

func decodeLoggerValues(body []byte) ([]batch.LoggerValue, error) {
	out := make([]batch.LoggerValue, 0, len(body)/17+1)
	for len(body) > 0 {
		if len(body) < 9 || body[8] > 1 || body[8] == 1 && len(body) < 17 {
			return nil, errors.New("the values of a logger's file are damaged: restore county.db from a backup")
		}
		v := batch.LoggerValue{At: time.UnixMilli(int64(binary.BigEndian.Uint64(body))).UTC()}
		if body[8] == 0 {
			body = body[9:]
		} else {
			c := math.Float64frombits(binary.BigEndian.Uint64(body[9:]))
			v.C, body = &c, body[17:]
		}
		out = append(out, v)
	}
	return out, nil
}

// AttachLogger attaches the file of a logger to a batch, for the time from
// l.From to l.To: values are its lines of that time, in order of time. What the
// values come to, By and At are filled in. The same file for the same time, and
// the same key, change nothing. Without a File it only takes back l.Replaces.
// Refusals: ErrInvalid, ErrInFuture, ErrUnknownBatch.
func (db *DB) AttachLogger(ctx context.Context, actor Actor, key IdempotencyKey, id string, l batch.LoggerFile, values []batch.LoggerValue) error {
	l.From, l.To = toMillisecond(l.From), toMillisecond(l.To)
	l.Number, l.ReplacedBy, l.By, l.At = 0, 0, actor.ID, time.Time{}
	err := sumUp(&l, values)
	if err == nil {
		err = db.enter(ctx, actor, key, "batch.logger", id, l, func(tx *txn) error { return tx.attachLogger(id, l, values) })
	}
	if err != nil {
		return fmt.Errorf("attach a logger's file to batch %.64s: %w", id, err)
	}
	return nil
}

// sumUp looks that values are those of l's time, and says what they come to.
func sumUp(l *batch.LoggerFile, values []batch.LoggerValue) error {
	for i, v := range values {
		if i > 0 && !v.At.After(values[i-1].At) || v.At.Before(l.From) || v.At.After(l.To) {
			return refuse(ErrInvalid, "value %d of the file, of %s, is out of order or outside its time", i+1, stamp(v.At))
		}
	}
	batch.SumUp(l, values)
	sum := sha256.Sum256(encodeLoggerValues(values))
	l.Sum = hex.EncodeToString(sum[:])
	return nil
}

func (tx *txn) attachLogger(id string, l batch.LoggerFile, values []batch.LoggerValue) error {
	d, err := readDossier(tx.ctx, tx.Tx, id)
	if err != nil {
		return err
	}
	if l.File == "" && l.Replaces == 0 {
		return refuse(ErrInvalid, "send the logger's file, or say which one is taken back")
	}
	same, err := batch.CheckLogger(d, l)
	if err = errors.Join(faulty(err), checkText("name", l.Name, 200), checkText("reason", l.Reason, 300), checkFile(l.File)); err != nil {
		return err
	}
	if same {
		return errUnchanged
	}
	if l.File != "" {
		if err := checkWhen(l.To, tx.at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO logger_values (sum, body) VALUES (?, ?) ON CONFLICT DO NOTHING", l.Sum, encodeLoggerValues(values)); err != nil {
			return err
		}
	}
	l.Number, l.At = len(d.Loggers)+1, tx.at
	return tx.entry(loggerEntry, id, "", tx.at, l)
}

// numbered marks the files that a later one replaced.
func numbered(files []batch.LoggerFile) {
	slices.SortFunc(files, func(a, b batch.LoggerFile) int { return a.Number - b.Number })
	for _, l := range files {
		if l.Replaces > 0 && l.Replaces <= len(files) {
			files[l.Replaces-1].ReplacedBy = l.Number
		}
	}
}

// LoggerValues returns the values of a file that was attached, in order of time,
// or ErrNotFound.
func (db *DB) LoggerValues(ctx context.Context, sum string) ([]batch.LoggerValue, error) {
	var body []byte
	err := db.reader.QueryRowContext(ctx, "SELECT body FROM logger_values WHERE sum = ?", sum).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = refuse(ErrNotFound, "there is no logger's file with values %.12s", sum)
	}
	var out []batch.LoggerValue
	if err == nil {
		out, err = decodeLoggerValues(body)
	}
	if err != nil {
		return nil, fmt.Errorf("read the values of a logger's file: %w", err)
	}
	return out, nil
}
