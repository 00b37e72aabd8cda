package collector

import (
	"maps"
	"slices"

	"coldchain/gateway/state"
	"coldchain/gateway/wire"
)

// progress is what has become of every record of every gateway and epoch:
// final (stored or quarantined), judged, or queued for the store right now.
type progress struct {
	by map[state.Run]*journey
	// judged and tracks are what was judged since the last commit, and the
	// engine's state that came of it.
	judged map[state.Run]*state.Ranges
	tracks map[string][]byte
}

type journey struct {
	stored      state.Ranges
	quarantined state.Ranges
	judged      state.Ranges
	queued      []wire.Range // in the hands of the store now
}

func newProgress(loaded state.Delivery) *progress {
	p := &progress{by: map[state.Run]*journey{}, judged: map[state.Run]*state.Ranges{}, tracks: map[string][]byte{}}
	for k, d := range loaded {
		j := p.of(k)
		j.stored, j.quarantined, j.judged = d.Stored, d.Quarantined, d.Judged
	}
	return p
}

func (p *progress) of(id state.Run) *journey {
	j := p.by[id]
	if j == nil {
		j = &journey{}
		p.by[id] = j
	}
	return j
}

// highest returns the newest epoch seen of a gateway and the highest sequence
// seen in it, for the hello.
func (p *progress) highest(gateway string) (epoch, seq uint64) {
	for id, j := range p.by {
		if id.Gateway != gateway || id.Epoch < epoch {
			continue
		}
		epoch, seq = id.Epoch, 0
		for _, set := range []*state.Ranges{&j.stored, &j.quarantined, &j.judged} {
			seq = max(seq, set.Highest())
		}
		for _, q := range j.queued {
			seq = max(seq, q.To)
		}
	}
	return epoch, seq
}

// markJudged notes a run of records that the engine has seen.
func (p *progress) markJudged(id state.Run, seen wire.Range) {
	p.of(id).judged.Add(seen.From, seen.To)
	r := p.judged[id]
	if r == nil {
		r = &state.Ranges{}
		p.judged[id] = r
	}
	r.Add(seen.From, seen.To)
}

// queue and unqueue note what the store has been handed, and what it has done
// with.
func (p *progress) queue(id state.Run, runs []wire.Range) {
	j := p.of(id)
	j.queued = append(j.queued, runs...)
}

func (p *progress) unqueue(id state.Run, runs []wire.Range) {
	j := p.of(id)
	j.queued = slices.DeleteFunc(j.queued, func(q wire.Range) bool { return slices.Contains(runs, q) })
}

// collect adds the engine's changed state to what the next commit must carry.
func (p *progress) collect(dirty map[string][]byte) {
	maps.Copy(p.tracks, dirty)
}

// uncommitted takes what was judged since the last commit out of p. A commit
// that fails gives it back.
func (p *progress) uncommitted() (map[string][]byte, []state.JudgedRange) {
	var ranges []state.JudgedRange
	for id, set := range p.judged {
		for r := range set.All() {
			ranges = append(ranges, state.JudgedRange{Gateway: id.Gateway, Epoch: id.Epoch, From: r.From, To: r.To})
		}
	}
	tracks := p.tracks
	p.tracks, p.judged = map[string][]byte{}, map[state.Run]*state.Ranges{}
	return tracks, ranges
}

// giveBack returns what a failed commit carried; state that has changed again
// since then is newer and stays.
func (p *progress) giveBack(tracks map[string][]byte, ranges []state.JudgedRange) {
	for key, blob := range tracks {
		if _, newer := p.tracks[key]; !newer {
			p.tracks[key] = blob
		}
	}
	for _, r := range ranges {
		id := state.Run{Gateway: r.Gateway, Epoch: r.Epoch}
		if p.judged[id] == nil {
			p.judged[id] = &state.Ranges{}
		}
		p.judged[id].Add(r.From, r.To)
	}
}

// committed notes what has become final.
func (p *progress) committed(delivered []state.DeliveredRange) {
	for _, d := range delivered {
		j := p.of(state.Run{Gateway: d.Gateway, Epoch: d.Epoch})
		if d.Outcome == wire.Quarantined {
			j.quarantined.Add(d.From, d.To)
			continue
		}
		j.stored.Add(d.From, d.To)
	}
}
