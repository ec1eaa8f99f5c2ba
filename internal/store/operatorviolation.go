package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Violation is the kind of constraint that a statement would have broken.
type Violation int

// The kinds of violations.
const (
	NoViolation Violation = iota
	Taken                 // a key that another row has
	Dangling              // a reference to a row that is not there, or from a row that still is
	Outside               // a value that the column does not take
)

// Violated tells which kind of constraint an error of the database is about. Rules look
// before they write, so after a look a Taken or Dangling means that somebody else wrote in
// between: with ErrRaced the rule looks again.
func Violated(err error) Violation {
	var pg *pgconn.PgError
	var lite *sqlite.Error
	switch {
	case errors.As(err, &pg):
		return violationByState[pg.Code]
	case errors.As(err, &lite):
		return violationByResult[lite.Code()]
	}
	return NoViolation
}

var violationByState = map[string]Violation{
	"23505": Taken,
	"23503": Dangling,
	"23502": Outside, // not null
	"23514": Outside, // check
}

var violationByResult = map[int]Violation{
	sqlite3.SQLITE_CONSTRAINT_UNIQUE:     Taken,
	sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Taken,
	sqlite3.SQLITE_CONSTRAINT_ROWID:      Taken,
	sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Dangling,
	sqlite3.SQLITE_CONSTRAINT_NOTNULL:    Outside,
	sqlite3.SQLITE_CONSTRAINT_CHECK:      Outside,
	sqlite3.SQLITE_CONSTRAINT_DATATYPE:   Outside, // STRICT tables
}
