package chaos

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// story is a site at which all is well: ten polls, 100 ms apart, the fourth not
// answered, all stored; the agent was killed in between and declared it.
func story() Site {
	s := Site{Name: "balagong", Commit: 200 * time.Millisecond, Timeout: 80 * time.Millisecond,
		Lives: []Life{{Began: at(-500), Ended: at(650)}, {Began: at(660)}},
		Gaps:  []Gap{{From: at(601), To: at(680), Cause: "restart"}}}
	for n := range uint32(10) {
		asked := at(100 * int(n))
		p := Poll{Counter: n, Asked: asked, Answered: asked}
		if n == 3 {
			p = Poll{Counter: n, Asked: asked, Reason: "timeout"}
		}
		s.Polls = append(s.Polls, p)
		for i, c := range Channels() {
			r := Row{Channel: c.Name, At: asked.Add(time.Millisecond), Value: c.Value(n), HasValue: true, Epoch: 1, Seq: uint64(3*n) + uint64(i)}
			if n == 3 {
				r = Row{Channel: c.Name, At: asked.Add(80 * time.Millisecond), Reason: "timeout", Epoch: 1, Seq: r.Seq}
			}
			s.Rows = append(s.Rows, r)
		}
	}
	return s
}

// without takes the rows of a poll away.
func (s *Site) without(counters ...uint32) {
	s.Rows = slices.DeleteFunc(s.Rows, func(r Row) bool {
		return slices.ContainsFunc(counters, func(n uint32) bool { return r.Seq/3 == uint64(n) })
	})
}

func (s *Site) row(counter uint32, channel int) *Row {
	i := slices.IndexFunc(s.Rows, func(r Row) bool { return r.Seq == uint64(3*counter)+uint64(channel) })
	return &s.Rows[i]
}

func TestEveryChannelTellsItsPoll(t *testing.T) {
	for _, c := range Channels() {
		for _, n := range []uint32{0, 1, 2, 77_777, 1_000_003, counters - 1} {
			v := c.Value(n)
			if got, ok := c.Counter(v); !ok || got != n {
				t.Errorf("%s: poll %d reads %g, which is told as poll %d, %v", c.Name, n, v, got, ok)
			}
			if _, ok := c.Counter(v + 0.00001); ok {
				t.Errorf("%s: a changed value of poll %d is taken for another poll's", c.Name, n)
			}
		}
	}
}

func TestAccount(t *testing.T) {
	for _, k := range []struct {
		name   string
		change func(*Site)
		want   func(Account) bool
		word   string // in the findings
	}{
		{"all is well", func(*Site) {}, func(a Account) bool {
			return a.Clean() && a.Answered == 9 && a.Unanswered == 1 && a.Stored == 27 && a.Bad == 3 && a.Gaps == 1
		}, ""},
		{"a poll is missing", func(s *Site) { s.without(2) }, func(a Account) bool { return a.Lost.Count == 3 }, "poll 2"},
		{"one value of a poll is missing", func(s *Site) { s.row(2, 0).Channel = "" }, func(a Account) bool { return a.Lost.Count == 1 }, "polls: poll 2"},
		{"a poll is missing inside the gap", func(s *Site) {
			s.Gaps[0].From = at(501)
			s.without(6)
		}, func(a Account) bool {
			return a.Clean() && a.Declared == 3 && a.LongestLoss == 50*time.Millisecond
		}, ""},
		{"the agent was killed while it waited for an answer that never came", func(s *Site) {
			s.Polls[6].Answered, s.Polls[6].Reason = time.Time{}, "timeout" // which would have been over in the next life
			s.without(6)
		}, func(a Account) bool { return a.Clean() && a.Unanswered == 2 }, ""},
		{"the next agent, which lives, asked for what is missing inside the gap", func(s *Site) {
			s.Polls[7].Asked, s.Polls[7].Answered = at(665), at(670)
			s.without(7)
		}, func(a Account) bool { return a.Lost.Count == 3 }, "poll 7"},
		{"an unanswered poll is not there as bad", func(s *Site) { s.without(3) }, func(a Account) bool { return a.Lost.Count == 3 }, "poll 3"},
		{"an unanswered poll has another reason", func(s *Site) { s.row(3, 1).Reason = "device-fault" }, func(a Account) bool { return a.Lost.Count == 1 }, "poll 3"},
		{"an answer came too late for the agent", func(s *Site) {
			s.without(5)
			for i, c := range Channels() {
				s.Rows = append(s.Rows, Row{Channel: c.Name, At: at(585), Reason: "timeout", Epoch: 1, Seq: uint64(15 + i)})
			}
		}, func(a Account) bool { return a.Clean() && a.Late == 3 }, ""},
		{"a question that reached the slave after the agent had given up on it", func(s *Site) {
			s.without(5)
			for i, c := range Channels() {
				s.Rows = append(s.Rows, Row{Channel: c.Name, At: at(490), Reason: "timeout", Epoch: 1, Seq: uint64(15 + i)})
			}
		}, func(a Account) bool { return a.Clean() && a.Late == 3 }, ""},
		{"a time-out that came too soon is no excuse", func(s *Site) {
			s.without(5)
			for i, c := range Channels() {
				s.Rows = append(s.Rows, Row{Channel: c.Name, At: at(425), Reason: "timeout", Epoch: 1, Seq: uint64(15 + i)})
			}
		}, func(a Account) bool { return a.Lost.Count == 3 }, "poll 5"},
		{"a reading is stored twice", func(s *Site) {
			again := *s.row(2, 1)
			again.At, again.Epoch = at(203), 2
			s.Rows = append(s.Rows, again)
		}, func(a Account) bool { return a.Doubled.Count == 1 && a.Lost.Count == 0 }, "poll 2"},
		{"an identity is stored twice", func(s *Site) { s.row(2, 1).Seq = 3 }, func(a Account) bool { return a.Doubled.Count == 1 }, "sequence 3"},
		{"an identity is stored twice, by a journal that lost its log before a county that forgot as well", func(s *Site) {
			s.row(2, 1).Seq = 3
			s.Damages = []Damage{{Kind: WALDamaged, From: at(150), To: at(160)}, {Kind: CountyRestored, From: at(900), To: at(900)}}
		}, func(a Account) bool { return a.Clean() }, ""},
		{"an identity is stored twice though the county was asked long before it forgot", func(s *Site) {
			s.row(2, 1).Seq = 3
			s.Damages = []Damage{{Kind: WALDamaged, From: at(150), To: at(160)}, {Kind: CountyRestored, From: at(60_000), To: at(60_000)}}
		}, func(a Account) bool { return a.Doubled.Count == 1 }, "sequence 3"},
		{"a value nobody answered", func(s *Site) { s.row(2, 0).Value += 1e-5 }, func(a Account) bool { return a.Altered.Count == 1 && a.Lost.Count == 1 }, "never answered"},
		{"the value of a poll that was not answered", func(s *Site) {
			c := Channels()[0]
			*s.row(3, 0) = Row{Channel: c.Name, At: at(301), Value: c.Value(3), HasValue: true, Epoch: 1, Seq: 9}
		}, func(a Account) bool { return a.Altered.Count == 1 && a.Lost.Count == 1 }, "never answered"},
		{"a time before the answer", func(s *Site) { s.row(2, 0).At = at(190) }, func(a Account) bool { return a.Altered.Count == 1 }, "poll 2"},
		{"a time after the next question", func(s *Site) { s.row(2, 0).At = at(310) }, func(a Account) bool { return a.Altered.Count == 1 }, "poll 2"},
		{"out of order", func(s *Site) {
			a, b := s.row(1, 0), s.row(2, 0)
			a.Seq, b.Seq = b.Seq, a.Seq
		}, func(a Account) bool { return a.Unordered.Count == 1 && a.Lost.Count == 0 }, "before"},
		{"a gap without a restart", func(s *Site) { s.Gaps[0].From, s.Gaps[0].To = at(710), at(790) }, func(a Account) bool { return a.Undeclared.Count == 1 }, "did not end"},
		{"a gap over what is stored", func(s *Site) { s.Gaps[0].From = at(590) }, func(a Account) bool { return a.Undeclared.Count == 1 }, "stored inside"},
		{"a restart took more than a commit may", func(s *Site) {
			s.Polls[1].Asked, s.Polls[1].Answered = at(-2000), at(-2000)
			s.Lives[0].Began = at(-3000)
			s.Gaps[0].From = at(-2500)
			s.without(0, 1, 2, 3, 4, 5, 6)
		}, func(a Account) bool { return a.Lost.Count == 3 && a.Undeclared.Count == 0 }, "longer than a commit"},
		{"an agent that was starved makes few polls", func(s *Site) {
			s.Polls[1].Asked, s.Polls[1].Answered = at(-2000), at(-2000)
			s.Lives[0].Began = at(-3000)
			s.Gaps[0].From = at(-2500)
			s.Period = 100 * time.Millisecond
			s.without(0, 1, 2, 3, 4, 5, 6)
		}, func(a Account) bool { return a.Clean() && a.Declared == 18 }, ""},
		{"a full disk is a reason", func(s *Site) {
			s.Polls[1].Asked, s.Polls[1].Answered = at(-2000), at(-2000)
			s.Lives[0].Began = at(-3000)
			s.Gaps[0].From = at(-2500)
			s.without(0, 1, 2, 3, 4, 5, 6)
			s.Damages = []Damage{{Kind: DiskFilled, From: at(-2600), To: at(700)}}
		}, func(a Account) bool { return a.Clean() && a.Declared == 18 }, ""},
		{"a corrupt journal that nobody touched", func(s *Site) {
			s.Gaps = append(s.Gaps, Gap{From: at(1200), To: at(1300), Cause: "journal-corrupt"})
		}, func(a Account) bool { return a.Undeclared.Count == 1 }, "nothing was done"},
		{"a corrupt journal", func(s *Site) {
			s.Gaps = append(s.Gaps, Gap{From: at(100), To: at(300), Cause: "journal-corrupt"})
			s.Damages = []Damage{{Kind: JournalFlipped, From: at(655), To: at(658)}}
			s.without(2)
		}, func(a Account) bool { return a.Clean() && a.Declared == 3 }, ""},
		{"a corrupt journal whose first lost reading came a little after its answer", func(s *Site) {
			s.Gaps = append(s.Gaps, Gap{From: at(230), To: at(300), Cause: "journal-corrupt"})
			s.Damages = []Damage{{Kind: JournalFlipped, From: at(655), To: at(658)}}
			s.without(2)
		}, func(a Account) bool { return a.Clean() && a.Declared == 3 }, ""},
		{"a corrupt journal whose gap begins after the next question", func(s *Site) {
			s.Gaps = append(s.Gaps, Gap{From: at(310), To: at(390), Cause: "journal-corrupt"})
			s.Damages = []Damage{{Kind: JournalFlipped, From: at(655), To: at(658)}}
			s.without(2)
		}, func(a Account) bool { return a.Lost.Count == 3 }, "poll 2"},
		{"a restart after which nothing had ended", func(s *Site) {
			s.Gaps = append(s.Gaps, Gap{From: s.Gaps[0].To.Add(time.Second), To: s.Gaps[0].To.Add(time.Second + 3*time.Millisecond), Cause: causeRestart})
		}, func(a Account) bool { return a.Undeclared.Count == 1 }, "did not end then"},
		{"a cause of its own making", func(s *Site) { s.Gaps[0].Cause = "holiday" }, func(a Account) bool { return a.Undeclared.Count == 1 }, "holiday"},
	} {
		t.Run(k.name, func(t *testing.T) {
			s := story()
			k.change(&s)
			a := s.Account()
			if !k.want(a) {
				t.Errorf("account %+v", a)
			}
			var said []string
			for _, f := range []Findings{a.Lost, a.Doubled, a.Altered, a.Unordered, a.Undeclared} {
				said = append(said, f.First...)
			}
			if !strings.Contains(strings.Join(said, "\n"), k.word) {
				t.Errorf("findings %q lack %q", said, k.word)
			}
		})
	}
}

// A clock that was set is allowed for, to the second that it was, and no more.
func TestAccountKnowsTheClock(t *testing.T) {
	ahead := 2 * time.Minute
	set := func(s *Site, flag func(*Row)) {
		s.Clock = []Setting{{From: at(-100_000)}, {From: at(-50_000), Offset: ahead}}
		s.Gaps = nil
		for i := range s.Rows {
			s.Rows[i].At = s.Rows[i].At.Add(ahead)
			flag(&s.Rows[i])
		}
	}
	plain := func(*Row) {}
	for _, k := range []struct {
		name   string
		change func(*Site)
		clean  bool
	}{
		{"as the clock showed", func(s *Site) { set(s, plain) }, true},
		{"as the clock had shown a minute before", func(s *Site) { set(s, plain); s.row(5, 0).At = at(501) }, false},
		{"two seconds beside the clock", func(s *Site) { set(s, plain); s.row(5, 0).At = at(502_000) }, false},
		{"placed by a clock that came later", func(s *Site) {
			set(s, func(r *Row) { r.Reconstructed = true })
			s.Clock = append(s.Clock, Setting{From: at(60_000)})
			s.row(5, 0).At = at(501)
		}, true},
		{"not placed, by a clock that came later", func(s *Site) {
			set(s, plain)
			s.Clock = append(s.Clock, Setting{From: at(60_000)})
			s.row(5, 0).At = at(501)
		}, false},
		{"between the bounds of a start without a clock", func(s *Site) {
			set(s, plain)
			*s.row(5, 0) = Row{Channel: Channels()[0].Name, At: at(4501), Value: Channels()[0].Value(5), HasValue: true, Uncertain: true, Reconstructed: true, Epoch: 1, Seq: 15}
			s.Bounds = []Bound{{Earliest: at(0), Latest: at(8000), Began: at(4000)}}
		}, true},
		{"as early as the bounds allow where the start was put to their end", func(s *Site) {
			set(s, plain)
			*s.row(5, 0) = Row{Channel: Channels()[0].Name, At: at(501), Value: Channels()[0].Value(5), HasValue: true, Uncertain: true, Reconstructed: true, Epoch: 1, Seq: 15}
			s.Bounds = []Bound{{Earliest: at(0), Latest: at(8000), Began: at(8000)}}
		}, true},
		{"earlier than a start that was put to its latest place can be", func(s *Site) {
			set(s, plain)
			*s.row(5, 0) = Row{Channel: Channels()[0].Name, At: at(-1501), Value: Channels()[0].Value(5), HasValue: true, Uncertain: true, Reconstructed: true, Epoch: 1, Seq: 15}
			s.Bounds = []Bound{{Earliest: at(0), Latest: at(8000), Began: at(8000)}}
		}, false},
		{"outside the bounds", func(s *Site) {
			set(s, plain)
			*s.row(5, 0) = Row{Channel: Channels()[0].Name, At: at(9501), Value: Channels()[0].Value(5), HasValue: true, Uncertain: true, Reconstructed: true, Epoch: 1, Seq: 15}
			s.Bounds = []Bound{{Earliest: at(0), Latest: at(8000), Began: at(4000)}}
		}, false},
	} {
		t.Run(k.name, func(t *testing.T) {
			s := story()
			k.change(&s)
			if a := s.Account(); a.Clean() != k.clean {
				t.Errorf("clean %v: %+v", a.Clean(), a)
			}
		})
	}
}

// A start that never had a clock is put between its neighbours, at the latest
// where nothing is older: the gap behind it begins late as well.
func TestAccountKnowsWhereAStartWithoutAClockWasPut(t *testing.T) {
	for _, k := range []struct {
		name   string
		change func(*Site)
		clean  bool
	}{
		{"as late as it can have begun", func(*Site) {}, true},
		{"later than that", func(s *Site) { s.Gaps[0].From, s.Gaps[0].To = at(3300), at(3700) }, false},
		{"without a word about it", func(s *Site) { s.Bounds = nil }, false},
		{"of a start that had a clock", func(s *Site) { s.Clock[1].Offset = 0 }, false},
		{"what was lost with it lies before the gap", func(s *Site) { s.without(6) }, true},
		{"what was lost with it is more than a commit holds", func(s *Site) {
			s.Polls[1].Asked, s.Polls[1].Answered = at(-2000), at(-2000)
			s.without(1)
			s.Polls[3].Reason = "device-fault" // a time-out would excuse it, wherever it lies
			for i := range Channels() {
				s.row(3, i).Reason = "device-fault"
			}
		}, false},
	} {
		t.Run(k.name, func(t *testing.T) {
			s := story()
			never := -20 * longAgo
			s.Lives = []Life{{Began: at(-5000), Ended: at(-3000)}, {Began: at(-2500), Ended: at(650)}, {Began: at(1850)}}
			s.Clock = []Setting{{From: at(-6000)}, {From: at(-2600), Offset: never}, {From: at(1800)}}
			s.Gaps = []Gap{{From: at(1801), To: at(1880), Cause: causeRestart}}
			s.Bounds = []Bound{{Earliest: at(-3_600_000), Latest: at(-1500), Began: at(-1500)}}
			for i := range s.Rows {
				s.Rows[i].Reconstructed, s.Rows[i].Uncertain = true, true
			}
			k.change(&s)
			if a := s.Account(); a.Clean() != k.clean {
				t.Errorf("clean %v: %+v", a.Clean(), a)
			}
		})
	}
}

func TestAPlanIsDrawnFromItsSeedAlone(t *testing.T) {
	for seed := range uint64(200) {
		p, again := MakePlan(seed), MakePlan(seed)
		if !slices.Equal(p.Strikes, again.Strikes) {
			t.Fatalf("seed %d: two plans", seed)
		}
		did := map[Kind]int{}
		restored := false
		for _, s := range p.Strikes {
			did[s.Kind]++
			restored = restored || s.Kind == CountyRestored
			if s.Kind == Poison && !restored {
				t.Errorf("seed %d: poison before an old county.db that would not know of it", seed)
			}
		}
		for _, c := range deck() {
			if did[c.kind] != 1 {
				t.Errorf("seed %d: %q %d times", seed, c.kind, did[c.kind])
			}
		}
		for _, k := range []Kind{EdgeKilled, ClockForward, ClockBack, ClockGlitch, ClockNone, ClockNever} {
			if did[k] == 0 {
				t.Errorf("seed %d: no %q", seed, k)
			}
		}
		if p.Length > 4*time.Minute {
			t.Errorf("seed %d: %s of faults", seed, p.Length)
		}
	}
}

func TestTheTableTellsWhatWasNotRun(t *testing.T) {
	a := story().Account()
	a.Lost.add("one")
	text := Table{Strikes: map[Kind]int{EdgeKilled: 3}, Skipped: map[Kind]int{DiskFilled: 1}, Account: a, Apart: map[string]int{"collision": 231},
		Recovery: []time.Duration{time.Second, 9 * time.Second, 2 * time.Second}}.String()
	for _, want := range []string{"edge killed", "disk filled (needs root)", "not run", "| lost  ", "            1 |", "9s", "2s", "9 / 1", "quarantined, collision"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	if line := (Table{Strikes: map[Kind]int{EdgeKilled: 3, Poison: 2}, Account: a}).Line(); !strings.Contains(line, "5 faults, 9 polls answered") || !strings.Contains(line, "lost 1, doubled 0") {
		t.Errorf("the line of a soak: %s", line)
	}
}
