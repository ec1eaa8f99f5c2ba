package contract

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Row is one documented pair of operation and status, and how often it was seen.
type Row struct {
	Operation string // its operationId
	Status    string
	Seen      int
}

// Coverage is every documented pair, by path, method and status.
type Coverage []Row

// Coverage returns what this judge has seen.
func (j *Judge) Coverage() Coverage { return coverage(j.document, j.seen) }

// Total returns what all judges of this process have seen, by both documents; a TestMain can
// print it.
func Total() Coverage {
	var all Coverage
	for _, read := range []func() (*document, error){theDocument, operatorDocument} {
		d, err := read()
		if err != nil {
			panic(err)
		}
		all = append(all, coverage(d, total)...)
	}
	return all
}

// Unseen lists the pairs that no exchange has shown.
func (c Coverage) Unseen() []Row {
	return slices.DeleteFunc(slices.Clone(c), func(r Row) bool { return r.Seen > 0 })
}

// WriteTo prints the table, one line per operation: each status with how often it was
// seen, and a dash where never.
func (c Coverage) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "contract coverage: %d of %d documented pairs of operation and status seen\n", len(c)-len(c.Unseen()), len(c))
	for i, r := range c {
		if i == 0 || c[i-1].Operation != r.Operation {
			fmt.Fprintf(&b, "%s%-22s", strings.Repeat("\n", min(i, 1)), r.Operation)
		}
		count := "-"
		if r.Seen > 0 {
			count = fmt.Sprint(r.Seen)
		}
		fmt.Fprintf(&b, " %s:%s", r.Status, count)
	}
	b.WriteByte('\n')
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// tally counts exchanges per operation and status.
type tally struct {
	mu    sync.Mutex
	count map[pair]int
}

type pair struct{ operation, status string }

var total = newTally()

func newTally() *tally { return &tally{count: make(map[pair]int)} }

func (t *tally) add(p pair) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count[p]++
}

func (j *Judge) count(o *Operation, status int) {
	p := pair{o.ID, fmt.Sprint(status)}
	j.seen.add(p)
	total.add(p)
}

func coverage(d *document, t *tally) Coverage {
	t.mu.Lock()
	defer t.mu.Unlock()
	var c Coverage
	for _, o := range d.operations {
		for _, status := range slices.Sorted(maps.Keys(o.op.Responses.Map())) {
			c = append(c, Row{o.ID, status, t.count[pair{o.ID, status}]})
		}
	}
	return c
}
