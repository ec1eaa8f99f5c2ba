package server

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/mailer"
)

func newMailer(cfg config.Config) (*mailer.Mailer, error) {
	return mailer.New(mailer.Options{
		URL: cfg.SMTPURL, PasswordFile: cfg.SMTPPassword, CAFile: cfg.SMTPCA, From: cfg.MailFrom, Page: activationPage(cfg), Server: cfg.PublicURL,
		Console: consoleURL(cfg),
	})
}

// consoleURL returns the URL of the console, "" if there is none or it is unknown.
func consoleURL(cfg config.Config) string {
	if !cfg.Console {
		return ""
	}
	return strings.TrimRight(cfg.PublicURL, "/")
}

// activationPage returns the page that mails link to: that of the settings, or the console's if
// its address is known.
func activationPage(cfg config.Config) string {
	if cfg.ActivationPage == "" && cfg.Console && cfg.PublicURL != "" {
		return strings.TrimRight(cfg.PublicURL, "/") + "/activate"
	}
	return cfg.ActivationPage
}

// deliver sends every due mail, one after the other. A failed mail is tried again later and
// does not delay the others.
func (s *Server) deliver(ctx context.Context) error {
	for ctx.Err() == nil {
		m, found, err := s.Operator.NextMail(ctx)
		if err != nil || !found {
			return err
		}
		failed := s.mailer.Load().Send(ctx, m)
		final := mailer.Final(failed)
		s.counts.mail(failed, final)
		if failed != nil {
			s.log.Warn("a mail was not delivered", "mail", m.UID, "attempt", m.Attempts, "final", final, "err", failed)
		}
		// Record the result also while the server stops, so that a sent mail is not sent again.
		if err := s.Operator.MailDone(context.WithoutCancel(ctx), m, failed, final); err != nil {
			return err
		}
	}
	return nil
}
