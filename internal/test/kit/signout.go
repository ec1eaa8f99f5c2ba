package kit

// SignOut forgets the tokens that As keeps, so that it signs in again. Use it after the tokens have
// expired or their users have changed.
func (s *Server) SignOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}
