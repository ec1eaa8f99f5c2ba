package pgtest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// CreateDatabase adds an empty database to a running cluster and returns its URL.
func (c *Cluster) CreateDatabase(ctx context.Context, name string) (url string, err error) {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }() // the statement has completed
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return c.URL(name), err
}
