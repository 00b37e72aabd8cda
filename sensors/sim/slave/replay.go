package slave

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ReplayOptions set up the replay of a recorded log.
type ReplayOptions struct {
	Options
	Column string // the CSV column to replay, by its heading
	// Scale is the value of one register step; the register is
	// round(value/Scale). Default 0.01. The layout is the XY-MD02's, whose own
	// step is 0.1: read a finer log with a profile of the same scale.
	Scale float64
	Unit  uint8     // default 1
	Log   io.Writer // gets row,value,answered_at for each answered block; may be nil
}

// replayAddress is where the XY-MD02 shows its temperature (function 04).
const replayAddress = 0x0001

// Replay serves one column of a recorded CSV log as one slave: each answered
// block takes the next row, and after the last one the slave is busy
// (exception 6). The log holds exactly what was answered and when; a row is
// written before its answer is sent. Values that are not numbers are refused
// at once, with their line.
func Replay(csvFile io.Reader, o ReplayOptions) (*Server, *Player, error) {
	if o.Scale == 0 {
		o.Scale = 0.01
	}
	if o.Unit == 0 {
		o.Unit = 1
	}
	registers, err := readColumn(csvFile, o.Column, o.Scale)
	if err != nil {
		return nil, nil, err
	}
	p := &Player{registers: registers, scale: o.Scale, unit: o.Unit, log: o.Log, done: make(chan struct{})}
	if err := p.write("row,value,answered_at\n"); err != nil {
		return nil, nil, err
	}
	s, err := listen("replay", p.ask, o.Options)
	if err != nil {
		return nil, nil, err
	}
	return s, p, nil
}

// Player is a replay's position.
type Player struct {
	scale float64
	unit  uint8
	log   io.Writer
	done  chan struct{}

	mu        sync.Mutex
	registers []uint16
	next      int
	failed    error
}

// Done is closed when the last row has been answered.
func (p *Player) Done() <-chan struct{} { return p.done }

// Rows returns how many rows were answered and how many there are.
func (p *Player) Rows() (answered, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next, len(p.registers)
}

// Err returns what went wrong with the log. An answer that cannot be logged is
// not given.
func (p *Player) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

func (p *Player) ask(unit, function uint8, address, quantity uint16, at time.Time) ([]byte, error) {
	switch {
	case unit != p.unit:
		return nil, TargetSilent
	case function != readInput:
		return nil, IllegalFunction
	case address != replayAddress || quantity != 1:
		return nil, IllegalAddress
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == len(p.registers) {
		return nil, DeviceBusy
	}
	register := p.registers[p.next]
	line := fmt.Sprintf("%d,%s,%s\n", p.next+1, p.text(register), at.UTC().Format(time.RFC3339Nano))
	if err := p.write(line); err != nil {
		p.failed = err
		return nil, DeviceFailure
	}
	if p.next++; p.next == len(p.registers) {
		close(p.done)
	}
	return []byte{byte(register >> 8), byte(register)}, nil
}

// text prints what a register means, without the float's tail.
func (p *Player) text(register uint16) string {
	digits := max(0, int(math.Ceil(-math.Log10(p.scale)-1e-9)))
	s := strconv.FormatFloat(float64(int16(register))*p.scale, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return s
}

func (p *Player) write(line string) error {
	if p.log == nil {
		return nil
	}
	if _, err := io.WriteString(p.log, line); err != nil {
		return fmt.Errorf("write replay log: %w", err)
	}
	return nil
}

// readColumn reads a column as registers.
func readColumn(f io.Reader, column string, scale float64) ([]uint16, error) {
	if scale <= 0 || math.IsNaN(scale) || math.IsInf(scale, 0) {
		return nil, fmt.Errorf("replay: scale %g is not a positive number such as 0.01", scale)
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("replay: read the heading: %w", err)
	}
	index := slices.IndexFunc(head, func(s string) bool { return strings.TrimPrefix(strings.TrimSpace(s), "\ufeff") == column })
	if index < 0 {
		return nil, fmt.Errorf("replay: no column %q (there are %s)", column, strings.Join(head, ", "))
	}
	var out []uint16
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		line, _ := r.FieldPos(0)
		if index >= len(row) {
			return nil, fmt.Errorf("replay: line %d has no column %q", line, column)
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(row[index]), 64)
		steps := math.Round(v / scale)
		if err != nil || math.IsNaN(steps) || steps < math.MinInt16 || steps > math.MaxInt16 {
			return nil, fmt.Errorf("replay: line %d: %q does not fit a register with a step of %g", line, row[index], scale)
		}
		out = append(out, uint16(int16(steps)))
	}
	if len(out) == 0 {
		return nil, errors.New("replay: the file has no rows")
	}
	return out, nil
}
