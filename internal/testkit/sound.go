package testkit

// Sound lets the operator's own check go over the whole database, and fails the test where
// something does not hold.
func (s *Server) Sound() {
	s.T.Helper()
	report, err := s.Control.Operator().Fsck(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	for _, c := range report.Checks {
		if !c.OK() {
			s.T.Errorf("fsck %s: %d faults, such as %v", c.Key, c.Faults, c.First[0])
		}
	}
}
