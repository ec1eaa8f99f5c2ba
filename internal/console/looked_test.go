package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/console"
)

// notPages are the routes that return a file or lead to another page.
var notPages = []string{
	"GET /{$}", "GET /sims/export", "GET /ledger/export", "GET /ledger/{id}/export", "GET /jobs/{id}/sims.csv", "GET /move/{id}/faults.csv",
}

// looked are the pages that some test has looked at.
var looked = newPages()

// pages keeps the pages of the table of routes that were seen.
type pages struct {
	mux  *http.ServeMux
	mu   sync.Mutex
	seen map[string]bool
}

func newPages() *pages {
	p := &pages{mux: http.NewServeMux(), seen: make(map[string]bool)}
	for _, rt := range console.Routes() {
		if strings.HasPrefix(rt.Pattern, "GET ") && !slices.Contains(notPages, rt.Pattern) {
			p.mux.Handle(rt.Pattern, http.NotFoundHandler())
			p.seen[rt.Pattern] = false
		}
	}
	return p
}

// see records that a test opened the page at an address.
func (p *pages) see(address string) {
	at, err := url.Parse(address)
	if err != nil {
		return
	}
	_, pattern := p.mux.Handler(&http.Request{Method: http.MethodGet, URL: at, Host: at.Host})
	p.mu.Lock()
	defer p.mu.Unlock()
	if pattern != "" {
		p.seen[pattern] = true
	}
}

func (p *pages) unseen() (patterns []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pattern, seen := range p.seen {
		if !seen {
			patterns = append(patterns, pattern)
		}
	}
	slices.Sort(patterns)
	return patterns
}
