package httpx

import "sync"

// totals caches the sizes of the lists of Workspaces that are small.
type totals struct {
	mu   sync.Mutex
	tiny map[string]bool
}

// maxTotals bounds the number of entries, about 100 bytes each.
const maxTotals = 10_000

// small reports whether the list had few items when it was last counted.
func (t *totals) small(list string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tiny[list]
}

// note records the size of a list.
func (t *totals) note(list string, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case total > largeItems:
		delete(t.tiny, list)
	case t.tiny == nil || len(t.tiny) >= maxTotals:
		t.tiny = map[string]bool{list: true}
	default:
		t.tiny[list] = true
	}
}
