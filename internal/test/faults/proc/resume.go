package proc

import "syscall"

// Resume continues a frozen process.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }
