package httpapi

import "sync"

// totals remembers how many items the lists of Workspaces have, as far as they are small.
type totals struct {
	mu   sync.Mutex
	tiny map[string]bool
}

// totalsMost bounds the memory: about 100 bytes each.
const totalsMost = 10_000

// small reports whether the list had few items when it was last read as a whole.
func (t *totals) small(list string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tiny[list]
}

// note remembers the size of a list.
func (t *totals) note(list string, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case total > largeItems:
		delete(t.tiny, list)
	case t.tiny == nil || len(t.tiny) >= totalsMost:
		t.tiny = map[string]bool{list: true}
	default:
		t.tiny[list] = true
	}
}
