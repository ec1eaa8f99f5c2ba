package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of settings.
const (
	minTokenTTL, maxTokenTTL = time.Second, 720 * time.Hour
	minRequest, maxRequest   = time.Second, 50 * time.Second // the server closes a connection after a minute
	minConns, maxConns       = 2, 1000
	maxShutdownGrace         = 5 * time.Minute
)

const maxJobsAtOnce = 100

// Validate reports every invalid setting and how to fix it. Load calls it; code that fills a
// Config itself must call it too.
func (c Config) Validate() error {
	checks := []struct {
		key string
		err error
	}{
		{"listen", checkListen(c.Listen)},
		{"database", c.Database.check()},
		{"log_format", checkLogFormat(c.LogFormat)},
		{"token_ttl", between(c.TokenTTL, minTokenTTL, maxTokenTTL)},
		{"require_mfa", checkRequireMFA(c.RequireMFA)},
		{"operator_listen", checkListen(c.OperatorListen)},
		{"metrics_listen", checkOptionalListen(c.MetricsListen)},
		{"redirect_listen", checkOptionalListen(c.RedirectListen)},
		{"request_timeout", between(c.RequestTimeout, minRequest, maxRequest)},
		{"smtp_url", c.checkSMTPURL()},
		{"public_url", checkPublicURL(c.PublicURL)},
		{"mail_from", c.checkMailFrom()},
		{"activation_page", checkPage(c.ActivationPage)},
		{"activation_key", c.checkActivationKey()},
		{"max_conns", between(c.MaxConns, minConns, maxConns)},
		{"jobs_at_once", between(c.JobsAtOnce, 1, maxJobsAtOnce)},
		{"shutdown_grace", between(c.ShutdownGrace, 0, maxShutdownGrace)},
	}
	var all []error
	limits := c.Limits.check()
	for _, key := range slices.Sorted(maps.Keys(limits)) {
		if err := limits[key]; err != nil {
			all = append(all, fmt.Errorf("%s %w", cite(key), err))
		}
	}
	for _, check := range checks {
		if check.err != nil {
			all = append(all, fmt.Errorf("%s %w", cite(check.key), check.err))
		}
	}
	return errors.Join(all...)
}

func checkListen(address string) error {
	if path, isSocket := strings.CutPrefix(address, "unix:"); isSocket {
		if !filepath.IsAbs(path) {
			return errors.New("must have the absolute path of the socket, such as unix:/run/simferry/http.sock")
		}
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("must be host:port, such as 127.0.0.1:8080, or :8080 for every address, or unix:PATH")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("must end in a port number between 0 and 65535")
	}
	return nil
}

func checkOptionalListen(address string) error {
	if address == "" {
		return nil
	}
	return checkListen(address)
}

func checkLogFormat(format string) error {
	if format != LogJSON && format != LogText {
		return errors.New("must be json or text")
	}
	return nil
}

func checkRequireMFA(value string) error {
	switch value {
	case MFAOff, MFAAdministrators, MFAEverybody:
		return nil
	}
	return errors.New("must be off, administrators or everybody")
}

func between[T int | time.Duration](value, least, most T) error {
	if value < least || value > most {
		return fmt.Errorf("must be between %v and %v", least, most)
	}
	return nil
}
