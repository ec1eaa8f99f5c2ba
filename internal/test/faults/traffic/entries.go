package traffic

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/test/faults/dbcheck"
)

// Entry is one row of the ledger: one transaction that changed SIMs.
type Entry struct {
	ID     int64
	Kind   int
	At     time.Time // when its transaction began, by the clock of the server
	User   int64
	Target int64
	SIMs   int
	Key    string // the idempotency key of a migration
	Lines  []Line // in their order
}

// Line is one SIM of an entry: its state before and after.
type Line struct {
	SIM, Version, From, To, Was, Is, Unplugged, Plugged int64
}

// The kinds of entries that a client can make.
const (
	migrationEntry = 1
	statusEntry    = 2
	attachEntry    = 3
	detachEntry    = 4
)

// Location returns the entry's path in a reply.
func (e *Entry) Location() string { return fmt.Sprintf("/api/v1/migration/%d", e.ID) }

// sims returns the ids of the SIMs in ascending order.
func (e *Entry) sims() []int64 {
	list := make([]int64, len(e.Lines))
	for i, l := range e.Lines {
		list[i] = l.SIM
	}
	slices.Sort(list)
	return list
}

// Read reads the clients' part of the ledger after an entry; 0 means all of it. It does not use the
// store: the tables themselves are the proof.
func Read(ctx context.Context, url string, after int64) (list []*Entry, err error) {
	db, err := dbcheck.OpenReadOnly(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // read-only
	if list, err = readEntries(ctx, db, after); err != nil {
		return nil, err
	}
	return list, readLines(ctx, db, after, list)
}

func readEntries(ctx context.Context, db *sql.DB, after int64) (list []*Entry, err error) {
	err = dbcheck.Each(ctx, db, `
		SELECT e.id, e.kind, e.at, e.user_id, COALESCE(e.target_id, 0), e.sims, COALESCE(i.key, '')
		FROM ledger e LEFT JOIN idempotency i ON i.ledger_id = e.id AND e.kind = 1
		WHERE e.id > $1 AND e.user_id < $2 ORDER BY e.id`, func(scan func(...any) error) error {
		e, at := &Entry{}, int64(0)
		err := scan(&e.ID, &e.Kind, &at, &e.User, &e.Target, &e.SIMs, &e.Key)
		e.At = time.UnixMicro(at)
		list = append(list, e)
		return err
	}, after, otherUsers)
	return list, err
}

func readLines(ctx context.Context, db *sql.DB, after int64, list []*Entry) error {
	of := make(map[int64]*Entry, len(list))
	for _, e := range list {
		of[e.ID] = e
	}
	return dbcheck.Each(ctx, db, `
		SELECT l.ledger_id, l.sim_id, l.version, l.workspace_before, l.workspace_after, l.status_before, l.status_after,
			COALESCE(l.device_before, 0), COALESCE(l.device_after, 0)
		FROM ledger_lines l JOIN ledger e ON e.id = l.ledger_id
		WHERE e.id > $1 AND e.user_id < $2 ORDER BY l.ledger_id, l.ordinal`, func(scan func(...any) error) error {
		var l Line
		var id int64
		err := scan(&id, &l.SIM, &l.Version, &l.From, &l.To, &l.Was, &l.Is, &l.Unplugged, &l.Plugged)
		if e := of[id]; e != nil { // fsck reports lines without an entry
			e.Lines = append(e.Lines, l)
		}
		return err
	}, after, otherUsers)
}
