package kit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
)

// Dump is every row of every table as text, sorted.
type Dump map[string][]string

// Counters are the tables that a refused request may touch: its attempt, the answer kept
// under its key, the tokens of a sign-in, and its entries in the audit log.
var Counters = []string{"idempotency", "auth_counters", "refresh_tokens", "pending_sign_ins", "terminal_sign_ins", "audit", "audit_places"}

// Dump reads the whole database. Nothing may write meanwhile.
func (s *Server) Dump() Dump {
	s.T.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if s.engine == Postgres {
		list = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	d := make(Dump)
	for _, row := range s.Rows(list) {
		table := fmt.Sprint(row[0])
		lines := []string{} // an empty table is a table
		for _, values := range s.Rows("SELECT * FROM " + table) {
			lines = append(lines, fmt.Sprintf("%#v", values))
		}
		slices.Sort(lines)
		d[table] = lines
	}
	return d
}

// Diff describes the rows that differ between two dumps, except in some tables; "" if none do.
func (d Dump) Diff(later Dump, except ...string) string {
	a, b := maps.Clone(d), maps.Clone(later)
	for _, table := range except {
		delete(a, table)
		delete(b, table)
	}
	return cmp.Diff(a, b)
}

// Untouched fails the test if run changes a row of anything but Counters.
func (s *Server) Untouched(what string, run func()) {
	s.T.Helper()
	before := s.Dump()
	run()
	if diff := before.Diff(s.Dump(), Counters...); diff != "" {
		s.T.Errorf("%s left a trace (-before +after):\n%s", what, diff)
	}
}
