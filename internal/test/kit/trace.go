package kit

import "fmt"

// record keeps a statement if Statements is recording.
func (s *Server) record(statement string, rows int) {
	s.tracing.Lock()
	watch := s.watch
	s.tracing.Unlock()
	if watch != nil {
		watch(statement)
	}
	s.tracing.Lock()
	defer s.tracing.Unlock()
	if s.trace != nil {
		s.trace = append(s.trace, fmt.Sprintf("%d rows: %s", rows, statement))
	}
}

// Watch calls watch for each statement on the database, which waits for it; nil ends that.
func (s *Server) Watch(watch func(statement string)) {
	s.tracing.Lock()
	defer s.tracing.Unlock()
	s.watch = watch
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
