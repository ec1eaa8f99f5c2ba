package config

import (
	"errors"
	"net/mail"
	"net/url"
	"path"
	"strings"
)

func (c Config) checkSMTPURL() error {
	if c.SMTPURL == "" {
		return nil
	}
	u, err := url.Parse(c.SMTPURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return errors.New("must be smtp://USER@HOST:PORT or smtps://USER@HOST:PORT")
	}
	if _, has := u.User.Password(); has {
		return errors.New("must not contain the password: put it into a file and set " + cite("smtp_password_file"))
	}
	return nil
}

func (c Config) checkMailFrom() error {
	if c.MailFrom == "" {
		return nil
	}
	if _, err := mail.ParseAddress(c.MailFrom); err != nil {
		return errors.New("must be an address, such as Simferry <simferry@example.com>")
	}
	return nil
}

func checkPage(page string) error {
	if page == "" {
		return nil
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" {
		return errors.New("must be the https:// URL of a page, without a fragment")
	}
	return nil
}

func (c Config) checkActivationKey() error {
	switch {
	case c.ActivationKey != KeyOff && c.ActivationKey != KeyInviter:
		return errors.New("must be off or inviter")
	case c.ActivationKey == KeyInviter && c.SMTPURL != "":
		return errors.New("cannot be used with smtp_url: remove one of them")
	}
	return nil
}

func checkPublicURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		path.Clean("/"+u.Path) != strings.TrimRight("/"+strings.TrimLeft(u.Path, "/"), "/") && strings.Trim(u.Path, "/") != "" {
		return errors.New("must be the http:// or https:// URL of the server, such as https://sims.example.com/fleet, without a query or fragment")
	}
	return nil
}
