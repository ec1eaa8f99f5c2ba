package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/dburl"
	"github.com/simferry/simferry/internal/secretfile"
)

// DatabaseURL is the URL of the database: sqlite:PATH or postgres://... Every way of printing
// it prints Redacted; string(u) is the complete URL.
type DatabaseURL string

// Redacted returns the URL with only its host, port and database, or its file.
func (u DatabaseURL) Redacted() string { return dburl.Redact(string(u)) }

func (u DatabaseURL) String() string { return u.Redacted() }

// Format keeps the URL out of every verb of fmt, including those that do not fit a string.
func (u DatabaseURL) Format(f fmt.State, verb rune) {
	text := u.Redacted()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}

// MarshalText keeps passwords out of JSON and YAML too.
func (u DatabaseURL) MarshalText() ([]byte, error) { return []byte(u.Redacted()), nil }

// LogValue keeps passwords out of the log.
func (u DatabaseURL) LogValue() slog.Value { return slog.StringValue(u.Redacted()) }

func (u DatabaseURL) check() error {
	_, err := dburl.Parse(string(u))
	return err
}

// hasPassword reports whether the URL contains a password.
func (u DatabaseURL) hasPassword() bool {
	parsed, err := url.Parse(string(u))
	if err != nil {
		return strings.Contains(string(u), "@") // cannot be parsed, and is refused later
	}
	_, set := parsed.User.Password()
	return set || parsed.Query().Has("password")
}

type databaseURL DatabaseURL

func (v *databaseURL) String() string     { return DatabaseURL(*v).Redacted() }
func (v *databaseURL) Set(s string) error { *v = databaseURL(s); return nil }
func (v *databaseURL) Type() string       { return "URL" }

// readDatabaseFile reads the URL of the setting database_file.
func readDatabaseFile(name string) (DatabaseURL, error) {
	return ReadDatabaseURL(name, cite("database_file"), cite("database"))
}

// ReadDatabaseURL reads a URL from a file and trims white space. cited names the setting or flag
// that names the file, and direct the one that would take the URL itself.
func ReadDatabaseURL(name, cited, direct string) (DatabaseURL, error) {
	if strings.Contains(name, "://") || strings.HasPrefix(name, "sqlite:") {
		return "", fmt.Errorf("%s must be the name of a file that holds the URL, and this is a URL: use %s", cited, direct)
	}
	content, err := secretfile.Read(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", cited, err)
	}
	u := DatabaseURL(strings.TrimSpace(string(content)))
	if u == "" {
		return "", fmt.Errorf("%s: %s is empty: it must hold the database URL", cited, name)
	}
	return u, nil
}
