package server

import (
	"context"
	"errors"
)

// Reload reads again the files that the settings name: the operator's tokens, the certificates of
// the listeners, and the password and certificates for the mail server. The settings themselves do
// not change. If a file is invalid, its previous content stays in use and Reload returns an error.
// Running requests are not interrupted, but a request whose body is still arriving needs a token
// that is still valid.
func (s *Server) Reload() error {
	var failed []error
	if s.operator != nil {
		failed = append(failed, s.loadOperatorTokens(s.cfg))
	}
	failed = append(failed, s.renewCertificates(context.Background()))
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
