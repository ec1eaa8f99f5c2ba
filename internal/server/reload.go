package server

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// swap is a handler that can be replaced while requests run.
type swap struct{ now atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.now.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

// Reload reads the files again that the settings name: the operator's tokens, and the password
// and certificates for the mail server. Settings themselves stay as they are. A file that is
// not sound leaves in force what was read of it before, and is an error. Requests that run go
// on.
func (s *Server) Reload() error {
	var failed []error
	if s.operator != nil {
		handler, err := s.operatorHandler(s.cfg)
		if err == nil {
			s.operatorAPI.set(handler)
		}
		failed = append(failed, err)
	}
	if s.mailer.Load() != nil {
		m, err := newMailer(s.cfg)
		if err == nil {
			s.mailer.Store(m)
		}
		failed = append(failed, err)
	}
	err := errors.Join(failed...)
	if err != nil {
		s.log.Error("a file could not be reloaded: what was read before stays in force", "err", err)
	} else {
		s.log.Info("reloaded the files that the settings name")
	}
	return err
}
