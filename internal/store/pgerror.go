package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// parsePool reads a URL that dburl.Parse has accepted. pgx quotes the URL in its errors, so
// the error names only the parameter at fault.
func parsePool(address string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(address)
	if err == nil {
		return cfg, nil
	}
	if name := faultyParameter(address); name != "" {
		return nil, fmt.Errorf("database: the URL's parameter %s does not have a valid value", name)
	}
	return nil, errors.New("database: the URL is not valid: write it as postgres://USER:PASSWORD@HOST:PORT/NAME?PARAMETER=VALUE")
}

// faultyParameter returns the parameter without which the URL can be parsed, "" if there is
// none.
func faultyParameter(address string) string {
	before, query, _ := strings.Cut(address, "?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	for name := range parameters {
		rest, _ := url.ParseQuery(query) // it was parsed above
		rest.Del(name)
		if _, err := pgxpool.ParseConfig(before + "?" + rest.Encode()); err == nil {
			return name
		}
	}
	return ""
}

// connectError is a failed connection. Its text contains the host, port and database of the URL
// and nothing else: the messages of pgx and the server contain the user.
type connectError struct {
	text string
	err  error
}

func (e *connectError) Error() string { return e.text }
func (e *connectError) Unwrap() error { return e.err }

const readOnlyServer = "the server takes no writes: connect to the primary, not to a standby; on a primary, set default_transaction_read_only to off"

// withoutUser returns a connectError for a connection that could not be made, and other
// errors as they are.
func withoutUser(err error) error {
	var done *connectError
	var failed *pgconn.ConnectError
	if !errors.As(err, &failed) || errors.As(err, &done) {
		return err
	}
	details := strings.ReplaceAll(failed.Unwrap().Error(), "\n", "; ")
	for _, pg := range serverErrors(failed.Unwrap()) {
		details = strings.ReplaceAll(details, strings.ReplaceAll(pg.Error(), "\n", "; "), refusal(pg.Code))
	}
	details = strings.ReplaceAll(details, "ValidateConnect failed: "+pgconn.ErrReadOnlyConnection.Error(), readOnlyServer)
	c := failed.Config
	if secret := c.Password; len(secret) > 2 && strings.Contains(details, secret) {
		details = "no details, because they contain the password"
	}
	return &connectError{fmt.Sprintf("cannot connect to database %q at %s port %d: %s", c.Database, c.Host, c.Port, details), err}
}

// serverErrors returns the server errors inside an error, which may join several.
func serverErrors(err error) []*pgconn.PgError {
	var all []*pgconn.PgError
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *pgconn.PgError:
		return []*pgconn.PgError{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, serverErrors(one)...)
		}
	case interface{ Unwrap() error }:
		if below := e.Unwrap(); below != nil {
			return serverErrors(below)
		}
	}
	return all
}

// refusals are the reasons of a server that refuses a connection. The server's message contains
// the user, or the rejected parameter and value.
var refusals = map[string]string{
	"28P01": "the server refuses the user name or password",
	"28000": "the server refuses this user or this kind of connection (see its pg_hba.conf)",
	"3D000": "the database does not exist",
	"42501": "the user may not connect to this database",
	"42704": "the server does not know a parameter of the URL",
	"22023": "the server refuses the value of a parameter of the URL",
	"53300": "the server has no free connection",
	"57P03": "the server is starting up or shutting down",
	"57P01": "the server is shutting down",
}

func refusal(state string) string {
	text, ok := refusals[state]
	if !ok {
		text = "the server refuses the connection"
	}
	return text + " (SQLSTATE " + state + ")"
}
