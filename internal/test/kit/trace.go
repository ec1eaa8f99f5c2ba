package kit

import "fmt"

// record keeps a statement if Statements is recording.
func (s *Server) record(statement string, rows int) {
	s.tracing.Lock()
	defer s.tracing.Unlock()
	if s.trace != nil {
		s.trace = append(s.trace, fmt.Sprintf("%d rows: %s", rows, statement))
	}
}

// Statements returns what run executes on the database: the texts, and how many rows each gave.
// Nothing else may use the server meanwhile.
func (s *Server) Statements(run func()) []string {
	s.tracing.Lock()
	s.trace = []string{}
	s.tracing.Unlock()
	run()
	s.tracing.Lock()
	defer s.tracing.Unlock()
	all := s.trace
	s.trace = nil
	return all
}
