package bulk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/simferry/simferry/client"
)

// Planner determines, by previews alone, what may move.
type Planner struct {
	Server   Server
	Throttle *Throttle
	Terms    Terms
	Chunk    int                    // SIMs in a request, MaxChunk at most; 0 for that
	Progress func(known, total int) // may be nil; one call at a time

	plan  Plan
	total int
}

// Plan previews SIMs, each of which has an id or an ICCID. It returns a plan even if nothing
// may move. An error means that the server did not reply, or that the target does not exist.
func (p *Planner) Plan(ctx context.Context, sims []SIM) (*Plan, error) {
	p.plan = Plan{Version: PlanVersion, Terms: p.Terms}
	p.total = len(sims)
	order := orderOf(sims)
	if err := p.rounds(ctx, p.chunked(units(sims))); err != nil {
		return nil, err
	}
	for {
		again := p.overlapping(order)
		if len(again) == 0 {
			break
		}
		if err := p.rounds(ctx, again); err != nil {
			return nil, err
		}
	}
	p.sort(order)
	if len(p.plan.TargetReasons) > 0 {
		return Impossible(p.Terms, sims, p.plan.TargetReasons), nil
	}
	return &p.plan, nil
}

// Impossible returns the plan for a target that accepts no SIM at all.
func Impossible(t Terms, sims []SIM, against []Reason) *Plan {
	plan := &Plan{Version: PlanVersion, Terms: t, TargetReasons: against}
	for _, s := range sims {
		plan.Blocked = append(plan.Blocked, BlockedSIM{s, against})
	}
	return plan
}

// TargetReasons returns the reasons of a refusal that concern the target itself.
func TargetReasons(refused *client.ConflictError) (reasons []Reason) {
	for _, g := range refused.Groups {
		if len(g.SIMs) == 0 {
			reasons = append(reasons, Reason{g.ErrorCode, g.Text()})
		}
	}
	return reasons
}

// units separates ids and ICCIDs: a request has only one of them.
func units(sims []SIM) []unit {
	var byID, byICCID []SIM
	for _, s := range sims {
		if s.ID != 0 {
			byID = append(byID, s)
		} else {
			byICCID = append(byICCID, s)
		}
	}
	return []unit{{ByICCID, byICCID}, {ByID, byID}}
}

// chunked splits units to the size of a request.
func (p *Planner) chunked(units []unit) (chunks []unit) {
	size := MaxChunk
	if p.Chunk > 0 {
		size = min(p.Chunk, MaxChunk)
	}
	for _, u := range units {
		for part := range slices.Chunk(u.sims, size) {
			chunks = append(chunks, unit{u.by, part})
		}
	}
	return chunks
}

// rounds previews until everything is known. SIMs that one round leaves open are combined into
// full chunks for the next, grouped by source.
func (p *Planner) rounds(ctx context.Context, queue []unit) error {
	for len(queue) > 0 && len(p.plan.TargetReasons) == 0 {
		judged := make([]judgment, len(queue))
		err := p.Throttle.each(ctx, len(queue), func(ctx context.Context, i int) (err error) {
			judged[i], err = p.ask(ctx, queue[i])
			return err
		})
		if err != nil {
			return err
		}
		var halved, left []unit
		for i, j := range judged {
			p.note(queue[i], j)
			if whole(j, queue[i]) {
				halved = append(halved, j.again...) // combined again they would never get smaller
			} else {
				left = append(left, j.again...)
			}
		}
		queue = slices.Concat(halved, p.chunked(pooled(left)))
		if p.Progress != nil {
			p.Progress(min(p.total, p.plan.Total()+len(p.plan.LeftOut)), p.total)
		}
	}
	return nil
}

func whole(j judgment, u unit) bool {
	n := 0
	for _, a := range j.again {
		n += len(a.sims)
	}
	return n == len(u.sims)
}

// pooled combines units that can be one request.
func pooled(units []unit) (pools []unit) {
	type key struct {
		by     By
		source int64
	}
	at := make(map[key]int)
	for _, u := range units {
		for _, s := range u.sims {
			k := key{u.by, s.Source.ID}
			i, ok := at[k]
			if !ok {
				i, at[k] = len(pools), len(pools)
				pools = append(pools, unit{by: u.by})
			}
			pools[i].sims = append(pools[i].sims, s)
		}
	}
	return pools
}

func (p *Planner) ask(ctx context.Context, u unit) (judged judgment, err error) {
	err = p.Throttle.Persist(ctx, func(ctx context.Context) error {
		got, err := p.Server.Preview(ctx, p.Terms.request(u.by, u.sims))
		judged, err = judge(p.Terms, u, got, err)
		return err
	})
	return judged, err
}

func (p *Planner) note(u unit, j judgment) {
	for _, r := range j.targetReasons {
		if !slices.Contains(p.plan.TargetReasons, r) {
			p.plan.TargetReasons = append(p.plan.TargetReasons, r)
		}
	}
	if len(j.accepted) > 0 {
		p.plan.Chunks = append(p.plan.Chunks, Chunk{u.by, j.accepted, j.etag})
	}
	p.plan.AlreadyThere = append(p.plan.AlreadyThere, j.alreadyThere...)
	p.plan.Blocked = append(p.plan.Blocked, j.blocked...)
	p.plan.LeftOut = append(p.plan.LeftOut, j.leftOut...)
}

// overlapping splits the chunks that contain a SIM of another chunk: it was requested by id and
// by ICCID. The rest of them is previewed again.
func (p *Planner) overlapping(o order) (again []unit) {
	p.sort(o)
	seen := make(map[int64]bool)
	first := func(s SIM) bool {
		if s.ID == 0 {
			return true
		}
		if seen[s.ID] {
			p.plan.Duplicates = append(p.plan.Duplicates, fmt.Sprintf("%s: SIM %d (%s) is named again", s.Where, s.ID, s.ICCID))
			return false
		}
		seen[s.ID] = true
		return true
	}
	p.plan.AlreadyThere = slices.DeleteFunc(p.plan.AlreadyThere, func(s SIM) bool { return !first(s) })
	p.plan.Blocked = slices.DeleteFunc(p.plan.Blocked, func(h BlockedSIM) bool { return !first(h.SIM) })
	p.plan.Chunks = slices.DeleteFunc(p.plan.Chunks, func(c Chunk) bool {
		var keep []SIM
		for _, s := range c.SIMs {
			if first(s) {
				keep = append(keep, s)
			}
		}
		if len(keep) == len(c.SIMs) {
			return false
		}
		for _, s := range keep {
			delete(seen, s.ID)
		}
		if len(keep) > 0 {
			again = append(again, unit{c.By, keep})
		}
		return true
	})
	return again
}

// sort restores the order in which the SIMs were named.
func (p *Planner) sort(o order) {
	for _, c := range p.plan.Chunks {
		for _, s := range c.SIMs {
			o.learn(s)
		}
	}
	slices.SortStableFunc(p.plan.Chunks, func(a, b Chunk) int { return o.of(a.SIMs[0]) - o.of(b.SIMs[0]) })
	slices.SortStableFunc(p.plan.AlreadyThere, func(a, b SIM) int { return o.of(a) - o.of(b) })
	slices.SortStableFunc(p.plan.Blocked, func(a, b BlockedSIM) int { return o.of(a.SIM) - o.of(b.SIM) })
}

// order is the position of each SIM in the input, by id and by ICCID.
type order struct {
	byID    map[int64]int
	byICCID map[string]int
}

func orderOf(sims []SIM) order {
	o := order{make(map[int64]int), make(map[string]int)}
	for i, s := range sims {
		if s.ID != 0 {
			o.byID[s.ID] = i
		}
		if s.ICCID != "" {
			o.byICCID[s.ICCID] = i
		}
	}
	return o
}

// learn stores the id of a SIM that was requested by ICCID.
func (o order) learn(s SIM) {
	if _, ok := o.byID[s.ID]; !ok {
		o.byID[s.ID] = o.of(s)
	}
}

func (o order) of(s SIM) int {
	if i, ok := o.byID[s.ID]; ok && s.ID != 0 {
		return i
	}
	return o.byICCID[s.ICCID]
}

// Confirm compares a saved plan with the SIMs as they are now. The returned plan is the same
// without the SIMs that have changed; those are held back, each with its changes.
func (p *Planner) Confirm(ctx context.Context, saved *Plan) (*Plan, error) {
	confirmed := *saved
	confirmed.Chunks, confirmed.AlreadyThere, confirmed.Blocked = nil, slices.Clone(saved.AlreadyThere), slices.Clone(saved.Blocked)
	results := make([]judgment, len(saved.Chunks))
	err := p.Throttle.each(ctx, len(saved.Chunks), func(ctx context.Context, i int) (err error) {
		results[i], err = p.ask(ctx, unit{saved.Chunks[i].By, saved.Chunks[i].SIMs})
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, c := range saved.Chunks {
		j := results[i]
		switch same := len(j.accepted) == len(c.SIMs) && unchanged(c.SIMs, j.accepted); {
		case same && sameTag(c.ETag, j.etag):
			confirmed.Chunks = append(confirmed.Chunks, c)
			continue
		case same:
			confirmed.block(c.SIMs, otherTag)
			continue
		}
		if err := p.confirmChunk(ctx, &confirmed, c); err != nil {
			return nil, err
		}
	}
	return &confirmed, nil
}

var otherTag = Reason{Changed, changedSince + "the server's entity tag differs from the plan's: " +
	"a SIM was changed and changed back, or the plan file was edited"}

// sameTag compares the entity tag of a plan with that of a preview. A server without tags
// cannot contradict, and a suffix that a proxy adds for the content coding does not count.
func sameTag(planned, now string) bool {
	return planned == "" || now == "" || bareTag(planned) == bareTag(now)
}

func bareTag(tag string) string {
	tag = strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
		tag = strings.TrimSuffix(strings.TrimSuffix(tag, "-"+coding), ";"+coding)
	}
	return tag
}

// block removes SIMs from a plan's chunks and records why.
func (p *Plan) block(sims []SIM, why Reason) {
	for _, s := range sims {
		p.Blocked = append(p.Blocked, BlockedSIM{s, []Reason{why}})
	}
}

func unchanged(was, now []SIM) bool {
	drop, there := drift(was, &Plan{Chunks: []Chunk{{SIMs: now}}})
	return len(drop)+len(there) == 0
}

// confirmChunk removes changed SIMs from a chunk.
func (p *Planner) confirmChunk(ctx context.Context, plan *Plan, c Chunk) error {
	again := Planner{Server: p.Server, Throttle: p.Throttle, Terms: p.Terms}
	now, err := again.Plan(ctx, c.SIMs)
	if err != nil {
		return err
	}
	for _, r := range now.TargetReasons {
		if !slices.Contains(plan.TargetReasons, r) {
			plan.TargetReasons = append(plan.TargetReasons, r)
		}
	}
	drop, there := drift(c.SIMs, now)
	c.ETag = ""
	var left []SIM
	for _, s := range c.SIMs {
		switch {
		case drop[s.ID] != nil:
			plan.Blocked = append(plan.Blocked, BlockedSIM{s, drop[s.ID]})
		case slices.Contains(there, s.ID):
			plan.AlreadyThere = append(plan.AlreadyThere, s)
		default:
			left = append(left, s)
		}
	}
	if c.SIMs = left; len(left) > 0 {
		plan.Chunks = append(plan.Chunks, c)
	}
	return nil
}
