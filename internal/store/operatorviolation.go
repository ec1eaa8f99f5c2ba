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
	Dangling              // a reference to a missing row, or a row that is still referenced
	Outside               // a value that the column does not allow
)

// Violated returns the kind of constraint that a database error reports. Callers check before
// they write, so Taken or Dangling means that another transaction wrote in between: with
// ErrRaced the caller checks again.
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
