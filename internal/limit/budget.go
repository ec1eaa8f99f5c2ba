package limit

import "sync"

// Budget limits what several parties hold together, and each of them alone, usually in bytes.
// It is safe for concurrent use.
type Budget struct {
	total, perParty int64

	mu   sync.Mutex
	held int64
	full uint64 // calls of Take without room
	by   map[string]int64
}

// NewBudget returns a Budget with these limits.
func NewBudget(total, perParty int64) *Budget {
	return &Budget{total: total, perParty: perParty, by: make(map[string]int64)}
}

// Take reserves n for a party. It reports whether there was room; if so, the caller must call
// Give.
func (b *Budget) Take(name string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.total || b.by[name]+n > b.perParty {
		b.full++
		return false
	}
	b.held += n
	b.by[name] += n
	return true
}

// Give releases n.
func (b *Budget) Give(name string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[name] -= n; b.by[name] == 0 {
		delete(b.by, name)
	}
}

// Held returns what all parties hold together.
func (b *Budget) Held() int64 { b.mu.Lock(); defer b.mu.Unlock(); return b.held }

// Stats returns what is held now, the most that may be held, and how often there was no room.
func (b *Budget) Stats() (held, most int64, full uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held, b.total, b.full
}
