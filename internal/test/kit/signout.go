package kit

// SignOut forgets the tokens that As keeps, so that it signs in again: after the clock has
// passed their lives, or their users have changed.
func (s *Server) SignOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
