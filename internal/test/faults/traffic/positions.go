package traffic

import (
	"math/rand/v2"
	"sync"
)

// positions are where the clients believe the SIMs to be. With them most requests can succeed;
// because they are often out of date, many do not.
type positions struct {
	mu     sync.Mutex
	hot    [hotSIMs]int64
	blocks []int64 // empty if there are none
}

func newPositions(hotOnly bool) *positions {
	p := &positions{}
	for i := range p.hot {
		p.hot[i] = fleets[0]
	}
	if hotOnly {
		return p
	}
	p.blocks = make([]int64, bulkBlocks)
	for i := range p.blocks {
		p.blocks[i] = fleets[0]
	}
	return p
}

func (p *positions) moved(to int64, sims []replySIM) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range sims {
		switch i := int(s.ID); {
		case i >= bulkFirst:
			p.blocks[(i-bulkFirst)/blockSIMs] = to
		case i >= hotFirst:
			p.hot[i-hotFirst] = to
		}
	}
}

// elsewhere returns up to n hot SIMs outside the target: of one Workspace, or of several.
func (p *positions) elsewhere(random *rand.Rand, target int64, n int, oneSource bool) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var chosen []int
	source := int64(0)
	for _, i := range random.Perm(hotSIMs) {
		at := p.hot[i]
		if at == target || oneSource && source != 0 && at != source || len(chosen) == n {
			continue
		}
		source = at
		chosen = append(chosen, hotFirst+i)
	}
	if len(chosen) == 0 {
		chosen = []int{hotFirst + random.IntN(hotSIMs)}
	}
	return chosen
}

// hotSpan returns up to most hot SIMs in a row whose first is outside the target.
func (p *positions) hotSpan(random *rand.Rand, target int64, most int) (first, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, count = span(p.hot[:], random.IntN(hotSIMs), target, most)
	return hotFirst + first, count
}

// blockSpan returns up to most blocks (10 are 500 SIMs) in a row whose first is outside the target.
func (p *positions) blockSpan(random *rand.Rand, target int64, most int) (first, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, count = span(p.blocks, random.IntN(bulkBlocks), target, most)
	return bulkFirst + first*blockSIMs, count * blockSIMs
}

// span returns a run of places that are equal, the first of them outside the target if there is
// one.
func span(at []int64, first int, target int64, most int) (from, count int) {
	for range at {
		if at[first] != target {
			break
		}
		first = (first + 1) % len(at)
	}
	for count = 1; count < most && first+count < len(at) && at[first+count] == at[first]; count++ {
	}
	return first, count
}
