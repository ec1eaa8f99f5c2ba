package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
)

// DatabaseURL says where the fleet is kept: sqlite:PATH or postgres://... Whatever
// prints it prints Redacted; string(u) is the URL as it is.
type DatabaseURL string

const hidden = "xxxxx"

// Redacted is the URL without its passwords, for logs and messages.
func (u DatabaseURL) Redacted() string {
	if !u.postgres() {
		return u.embedded()
	}
	parsed, err := url.Parse(string(u))
	if err != nil {
		return "postgres://" + hidden // what cannot be parsed cannot be cleaned
	}
	query := parsed.Query()
	for key := range query {
		if strings.Contains(strings.ToLower(key), "password") {
			query.Set(key, hidden)
		}
	}
	parsed.RawQuery = query.Encode()
	return parsed.Redacted()
}

// embedded shows a SQLite path, and nothing of a text that is no URL that we know: it
// may be a password in the wrong place.
func (u DatabaseURL) embedded() string {
	if u.sqlite() || u == "" {
		return string(u)
	}
	return hidden
}

func (u DatabaseURL) String() string   { return u.Redacted() }
func (u DatabaseURL) GoString() string { return fmt.Sprintf("%q", u.Redacted()) }

// MarshalText keeps passwords out of JSON and YAML too.
func (u DatabaseURL) MarshalText() ([]byte, error) { return []byte(u.Redacted()), nil }

// LogValue keeps passwords out of the log.
func (u DatabaseURL) LogValue() slog.Value { return slog.StringValue(u.Redacted()) }

func (u DatabaseURL) sqlite() bool { return strings.HasPrefix(string(u), "sqlite:") }

func (u DatabaseURL) postgres() bool {
	return strings.HasPrefix(string(u), "postgres://") || strings.HasPrefix(string(u), "postgresql://")
}

// check never wraps the error of url.Parse: that one quotes the URL, password and all.
func (u DatabaseURL) check() error {
	switch {
	case u.sqlite() && len(u) > len("sqlite:"):
		return nil
	case !u.postgres():
		return errors.New("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	if _, err := url.Parse(string(u)); err != nil {
		return errors.New("is no valid URL: write reserved characters of the password in percent form, such as %40 for @")
	}
	return nil
}

type databaseURL DatabaseURL

func (v *databaseURL) String() string     { return DatabaseURL(*v).Redacted() }
func (v *databaseURL) Set(s string) error { *v = databaseURL(s); return nil }
func (v *databaseURL) Type() string       { return "URL" }

// readDatabaseFile is the URL in a file; the line end that editors add does not count.
func readDatabaseFile(name string) (DatabaseURL, error) {
	content, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("%s: %w", cite("database_file"), err)
	}
	u := DatabaseURL(strings.TrimSpace(string(content)))
	if u == "" {
		return "", fmt.Errorf("%s: %s is empty: it must hold the database URL", cite("database_file"), name)
	}
	return u, nil
}
