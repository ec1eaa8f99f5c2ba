package server

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// swap is a handler that can be replaced while requests are running.
type swap struct{ now atomic.Pointer[http.Handler] }

func (s *swap) set(h http.Handler) { s.now.Store(&h) }

func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

// Reload reads again the files that the settings name: the operator's tokens, and the password
// and certificates for the mail server. The settings themselves do not change. If a file is
// invalid, its previous content stays in use and Reload returns an error. Running requests are
// not interrupted.
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
		s.log.Error("a file could not be reloaded: its previous content stays in use", "err", err)
	} else {
		s.log.Info("reloaded the files named in the settings")
	}
	return err
}
