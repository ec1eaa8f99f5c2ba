package limit

import "sync"

// Budget bounds what several parties hold together, and each of them alone: bytes, as a rule.
// It is safe for concurrent use.
type Budget struct {
	total, perParty int64

	mu   sync.Mutex
	held int64
	by   map[string]int64
}

// NewBudget makes a Budget.
func NewBudget(total, perParty int64) *Budget {
	return &Budget{total: total, perParty: perParty, by: make(map[string]int64)}
}

// Take reserves n for a party; it reports whether there was room. What was taken must be
// given back.
func (b *Budget) Take(name string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+n > b.total || b.by[name]+n > b.perParty {
		return false
	}
	b.held += n
	b.by[name] += n
	return true
}

// Give gives n back.
func (b *Budget) Give(name string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[name] -= n; b.by[name] == 0 {
		delete(b.by, name)
	}
}

// Held is what all parties hold together.
func (b *Budget) Held() int64 { b.mu.Lock(); defer b.mu.Unlock(); return b.held }
