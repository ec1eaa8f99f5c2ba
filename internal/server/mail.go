package server

import (
	"context"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/mailer"
)

func newMailer(cfg config.Config) (*mailer.Mailer, error) {
	return mailer.New(mailer.Options{
		URL: cfg.SMTPURL, PasswordFile: cfg.SMTPPassword, CAFile: cfg.SMTPCA, From: cfg.MailFrom, Page: cfg.ActivationPage, Server: cfg.PublicURL,
	})
}

// deliver sends every mail that is due, one after the other. One that fails waits for its
// next time and does not hold up the others.
func (s *Server) deliver(ctx context.Context) error {
	for ctx.Err() == nil {
		m, found, err := s.Operator.NextMail(ctx)
		if err != nil || !found {
			return err
		}
		failed := s.mailer.Load().Send(ctx, m)
		final := mailer.Final(failed)
		if failed != nil {
			s.log.Warn("a mail was not delivered", "mail", m.UID, "attempt", m.Attempts, "final", final, "err", failed)
		}
		// Also where the server is being stopped: a mail that is out need not go out again.
		if err := s.Operator.MailDone(context.WithoutCancel(ctx), m, failed, final); err != nil {
			return err
		}
	}
	return nil
}
