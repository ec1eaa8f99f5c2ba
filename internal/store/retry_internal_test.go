package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/simferry/simferry/internal/fleet"
)

// scripted is an engine whose transactions end as a script says, one entry per run; the
// last entry is repeated.
type scripted struct {
	engine
	script []error
	runs   int
}

var (
	errBusy    = errors.New("busy")
	errAway    = errors.New("away")
	errFull    = errors.New("full")
	errUnknown = errors.New("unknown")
	errOurs    = errors.New("ours")
)

func (e *scripted) dialect() Dialect { return Postgres }

func (e *scripted) update(_ context.Context, fn func(querier) error) error {
	outcome := e.script[min(e.runs, len(e.script)-1)]
	e.runs++
	return errors.Join(fn(nil), outcome)
}

func (e *scripted) classify(err error) verdict {
	for cause, v := range map[error]verdict{errBusy: busy, errAway: away, errFull: full, errUnknown: outcomeUnknown} {
		if errors.Is(err, cause) {
			return v
		}
	}
	return fatal
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script []error
		runs   int
		code   fleet.Code
		unsure []bool
	}{
		"well":                    {[]error{nil}, 1, 0, []bool{false}},
		"busy, then well":         {[]error{errBusy, errBusy, nil}, 3, 0, []bool{false, false, false}},
		"away, then well":         {[]error{errAway, nil}, 2, 0, []bool{false, false}},
		"raced, then well":        {[]error{fmt.Errorf("x: %w", ErrRaced), nil}, 2, 0, []bool{false, false}},
		"unknown, then well":      {[]error{errUnknown, nil}, 2, 0, []bool{false, true}},
		"unknown, busy, well":     {[]error{errUnknown, errBusy, nil}, 3, 0, []bool{false, true, true}},
		"the caller's error":      {[]error{fleet.Errorf(fleet.Forbidden, "no")}, 1, fleet.Forbidden, []bool{false}},
		"busy, then the caller's": {[]error{errBusy, fleet.Errorf(fleet.Forbidden, "no")}, 2, fleet.Forbidden, []bool{false, false}},
		"always busy":             {[]error{errBusy}, 12, fleet.Unavailable, nil},
		"full, then well":         {[]error{errFull, nil}, 2, 0, []bool{false, false}},
		"always full":             {[]error{errFull}, 12, fleet.Unavailable, nil},
		"always unknown":          {[]error{errUnknown}, 12, fleet.Unavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &scripted{script: tt.script}
			s := &Store{engine: e, clock: time.Now}
			var unsure []bool
			err := s.Update(t.Context(), func(tx *Tx) error {
				unsure = append(unsure, tx.unsure)
				return nil
			})
			if fleet.CodeOf(err) != tt.code || e.runs != tt.runs || (tt.code == 0) != (err == nil) {
				t.Errorf("%d runs, %v; want %d and code %d", e.runs, err, tt.runs, tt.code)
			}
			if tt.unsure != nil && fmt.Sprint(unsure) != fmt.Sprint(tt.unsure) {
				t.Errorf("unsure %v, want %v", unsure, tt.unsure)
			}
		})
	}
}

// An unknown error is returned unchanged: the HTTP layer turns it into a 500 with a fixed text.
func TestUnknownErrorsAreNotRetried(t *testing.T) {
	t.Parallel()
	e := &scripted{script: []error{errOurs}}
	s := &Store{engine: e, clock: time.Now}
	if err := s.Update(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, errOurs) || e.runs != 1 || fleet.CodeOf(err) != 0 {
		t.Errorf("%d runs, %v", e.runs, err)
	}
}

// A caller that waited for long before the first failure still gets a second attempt; a caller
// that is gone gets none.
func TestRetryIsBoundedByTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	e := &scripted{script: []error{errBusy}}
	s := &Store{engine: e, clock: time.Now}
	err := s.Update(ctx, func(*Tx) error { cancel(); return nil })
	if e.runs != 1 || err == nil {
		t.Errorf("%d runs, %v", e.runs, err)
	}
}

func TestSQLiteErrorCodes(t *testing.T) {
	t.Parallel()
	e, _ := openFile(t)
	if v := e.classify(fmt.Errorf("wrapped: %w", errOurs)); v != fatal {
		t.Errorf("an error of this package is %v", v)
	}
	ctx := t.Context()
	other, err := openSQLite(t.Context(), dataFile(t, e), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.close() }()
	if _, err := other.writer.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	err = e.update(ctx, func(querier) error { // BEGIN IMMEDIATE holds the lock
		return other.update(ctx, func(querier) error { return nil })
	})
	var lite *sqlite.Error
	if !errors.As(err, &lite) || e.classify(err) != busy {
		t.Errorf("a locked database: %v is %v", err, e.classify(err))
	}
}

// dataFile returns the path of the database file.
func dataFile(t *testing.T, e *sqliteEngine) (file string) {
	t.Helper()
	if err := e.readers.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&file); err != nil {
		t.Fatal(err)
	}
	return file
}
