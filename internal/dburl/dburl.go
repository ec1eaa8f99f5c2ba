// Package dburl parses database URLs, sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME, and
// prints them without secrets.
package dburl

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// URL is a database URL returned by Parse. Its text form shows only host, port and database, or
// the file.
type URL struct {
	File  string // of SQLite, "" for PostgreSQL
	shown string
}

// SQLite reports whether the URL names a SQLite file.
func (u URL) SQLite() bool { return u.File != "" }

func (u URL) String() string { return u.shown }

// Hidden replaces a URL that cannot be printed.
const Hidden = "xxxxx"

// percentHint says how to fix a reserved character in a user name or password.
const percentHint = "write reserved characters of the user name and password in percent form: " +
	"%40 for @, %2F for /, %3F for ?, %23 for #, %25 for %"

// Parse parses a database URL. An error says how to fix the URL, but quotes nothing
// of it, because any part of a malformed one may be the password.
func Parse(text string) (URL, error) {
	if file, ok := strings.CutPrefix(text, "sqlite:"); ok {
		return parseSQLite(file)
	}
	for _, scheme := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			return parsePostgres(scheme, rest)
		}
	}
	return URL{}, errors.New("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
}

// Redact returns the printable part of a text that should be a database URL.
func Redact(text string) string {
	if text == "" {
		return ""
	}
	u, err := Parse(text)
	switch {
	case err == nil:
		return u.shown
	case strings.HasPrefix(text, "sqlite:"): // the text after it may be a mistyped PostgreSQL URL
		return "sqlite:" + Hidden
	case strings.HasPrefix(text, "postgres"): // also "postgres:/", as in a path
		return "postgres://" + Hidden
	}
	return Hidden
}

// postgresURL matches URLs inside other text, also those that were taken for a path, which has one
// slash, and those of another notation (POSTGRES://, postgresql+psycopg://). A password with spaces
// ends at the last @ of the line; the text after the host may contain a password as well.
var postgresURL = regexp.MustCompile(`(?i)postgres[\w+.-]*:/+(?:[^\n]*@)?[^\s"'` + "`" + `]*`)

// Scrub replaces each PostgreSQL URL in a text by its redacted form. It is the safety net
// below messages that quote what the user typed in the wrong place.
func Scrub(text string) string {
	if !strings.Contains(text, ":/") {
		return text
	}
	return postgresURL.ReplaceAllStringFunc(text, func(u string) string { return Redact(asURL(u)) })
}

// asURL returns the usual notation of a URL that postgresURL matched, if it differs only in case.
func asURL(matched string) string {
	scheme, rest, _ := strings.Cut(matched, ":")
	return strings.ToLower(scheme) + ":" + rest
}

// ScrubbingWriter applies Scrub to what is written to W, which must come in whole lines.
type ScrubbingWriter struct{ W io.Writer }

func (w ScrubbingWriter) Write(b []byte) (int, error) {
	if !bytes.Contains(b, []byte(":/")) {
		return w.W.Write(b)
	}
	_, err := io.WriteString(w.W, Scrub(string(b)))
	return len(b), err
}

func parseSQLite(rest string) (URL, error) {
	file := strings.TrimPrefix(rest, "//")
	switch {
	case file == "":
		return URL{}, errors.New("must be sqlite:PATH with the path of a file, as in sqlite:simferry.db")
	case strings.HasPrefix(file, ":memory:"):
		return URL{}, errors.New("must name a file, as in sqlite:simferry.db: a database in memory would be lost with the process")
	case strings.HasPrefix(file, "file:"):
		return URL{}, errors.New("must name the file itself, as in sqlite:simferry.db: remove \"file:\"")
	case strings.Contains(file, "?"):
		return URL{}, errors.New("takes no parameters: remove the ? and all after it; a file whose name has a ? must be renamed")
	case strings.HasPrefix(rest, "//") && strings.Contains(file, "@"):
		return URL{}, errors.New("must not have a user, a password or a host after sqlite: write sqlite:PATH; for PostgreSQL, postgres://USER:PASSWORD@HOST/NAME")
	case strings.ContainsRune(file, 0):
		return URL{}, errors.New("has a NUL character in its file name")
	}
	return URL{File: file, shown: "sqlite:" + rest}, nil
}

func parsePostgres(scheme, rest string) (URL, error) {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.Count(rest, "@") > 1 || strings.ContainsAny(tail, "@#") {
		return URL{}, errors.New("has an @ or # in the wrong place: " + percentHint)
	}
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return URL{}, errors.New("has a space, a backslash or a control character: " + percentHint)
	}
	hosts := authority
	if user, after, found := strings.Cut(authority, "@"); found {
		if !percentValid(user) {
			return URL{}, errors.New("has a % that is not followed by two hexadecimal digits: " + percentHint)
		}
		hosts = after
	}
	if err := checkHosts(hosts); err != nil {
		return URL{}, err
	}
	path, query, _ := strings.Cut(tail, "?")
	if !percentValid(path) {
		return URL{}, errors.New("has a % in the database's name that is not followed by two hexadecimal digits")
	}
	parameters, err := readQuery(query)
	if err != nil {
		return URL{}, err
	}
	if host := parameters.Get("host"); hosts == "" && host != "" {
		hosts = url.PathEscape(host) // the folder of a Unix socket has slashes
		if port, err := strconv.ParseUint(parameters.Get("port"), 10, 16); err == nil {
			hosts += ":" + strconv.FormatUint(port, 10)
		}
	}
	return URL{shown: scheme + hosts + path}, nil
}

func percentValid(text string) bool {
	_, err := url.PathUnescape(text)
	return err == nil
}

// hostPart is one host: a name or address, an IPv6 address in brackets, or the folder of a
// Unix socket in percent form.
var hostPart = regexp.MustCompile(`^(?:\[[A-Za-z0-9:.%]+\]|(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*)(?::([0-9]*))?$`)

// checkHosts reads HOST[:PORT], or several with commas between.
func checkHosts(list string) error {
	for host := range strings.SplitSeq(list, ",") {
		m := hostPart.FindStringSubmatch(host)
		if m == nil {
			return errors.New("has no valid HOST or HOST:PORT after the user and password: " + percentHint)
		}
		if m[1] == "" {
			continue
		}
		if port, err := strconv.ParseUint(m[1], 10, 16); err != nil || port == 0 {
			return errors.New("has a port that is not between 1 and 65535")
		}
	}
	return nil
}

// parameterName is the form of libpq's and PostgreSQL's parameters.
var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func readQuery(query string) (url.Values, error) {
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("has parameters that do not parse: write them as ?name=value&name=value, reserved characters in percent form")
	}
	for name, values := range parameters {
		if !parameterName.MatchString(name) {
			return nil, errors.New("has a parameter without a valid name: write them as ?name=value&name=value")
		}
		if len(values) > 1 {
			return nil, errors.New("has one of its parameters twice: keep one")
		}
	}
	return parameters, nil
}
