package offerload

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/dbcheck"
)

// stored is what a database holds of the offers.
type stored struct {
	offers  map[int64]*storedOffer
	entries map[int64]*entry
	sims    map[int64]storedSIM
	jobs    map[int64][]int64 // the entries of each job
	audited map[audited]int
}

type storedOffer struct {
	id, source, target      int64
	reference, state        string
	entry, job              int64
	accepted, refused, gone int
	sims                    map[int64]int // their states
}

func (o *storedOffer) open() bool { return o.state == "pending" || o.state == "accepting" }

// entry is an entry of the ledger that moved SIMs of offers.
type entry struct {
	lines  map[int64][2]int64 // before and after, by SIM
	sides  map[[2]int64]int   // SIMs, by Workspace and side
	events map[int64]int      // by Workspace
}

type storedSIM struct{ workspace, offer int64 }

// audited is an entry of the audit log as one Workspace sees it.
type audited struct {
	offer     string
	action    string
	workspace int64
}

// The states of SIMs of offers, as package fleet numbers them.
const (
	offered  = 0
	accepted = 1
)

// read reads a database. It does not use the store: the tables themselves are the proof.
func read(ctx context.Context, url string) (s *stored, err error) {
	db, err := dbcheck.OpenReadOnly(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	isolation := sql.LevelRepeatableRead
	if strings.HasPrefix(url, "sqlite:") {
		isolation = sql.LevelDefault // one instant anyway
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // it was only read
	s = &stored{
		offers: make(map[int64]*storedOffer), entries: make(map[int64]*entry), sims: make(map[int64]storedSIM),
		jobs: make(map[int64][]int64), audited: make(map[audited]int),
	}
	return s, errors.Join(s.readOffers(ctx, tx), s.readSIMs(ctx, tx), s.readLedger(ctx, tx), s.readAudit(ctx, tx))
}

func (s *stored) readOffers(ctx context.Context, tx *sql.Tx) error {
	err := dbcheck.Each(ctx, tx, `SELECT id, source_id, target_id, reference, state, COALESCE(ledger_id, 0), COALESCE(job_id, 0), accepted, refused, gone
		FROM offers WHERE source_id IN ($1, $2)`, func(scan func(...any) error) error {
		o := &storedOffer{sims: make(map[int64]int)}
		err := scan(&o.id, &o.source, &o.target, &o.reference, &o.state, &o.entry, &o.job, &o.accepted, &o.refused, &o.gone)
		s.offers[o.id] = o
		return err
	}, workspaces[0], workspaces[1])
	return errors.Join(err, dbcheck.Each(ctx, tx, "SELECT offer_id, sim_id, state FROM offer_sims", func(scan func(...any) error) error {
		var offer, sim int64
		var state int
		err := scan(&offer, &sim, &state)
		if o := s.offers[offer]; o != nil {
			o.sims[sim] = state
		}
		return err
	}), dbcheck.Each(ctx, tx, "SELECT job_id, ledger_id FROM job_entries", func(scan func(...any) error) error {
		var job, entry int64
		err := scan(&job, &entry)
		s.jobs[job] = append(s.jobs[job], entry)
		return err
	}))
}

func (s *stored) readSIMs(ctx context.Context, tx *sql.Tx) error {
	return dbcheck.Each(ctx, tx, "SELECT id, workspace_id, COALESCE(offer_id, 0) FROM sims WHERE id >= $1 AND id < $2", func(scan func(...any) error) error {
		var id int64
		var sim storedSIM
		err := scan(&id, &sim.workspace, &sim.offer)
		s.sims[id] = sim
		return err
	}, firstSIM, firstSIM+lanes*perLane)
}

func (s *stored) readLedger(ctx context.Context, tx *sql.Tx) error {
	err := dbcheck.Each(ctx, tx, `SELECT ledger_id, sim_id, workspace_before, workspace_after FROM ledger_lines
		WHERE sim_id >= $1 AND sim_id < $2`, func(scan func(...any) error) error {
		var id, sim int64
		var move [2]int64
		err := scan(&id, &sim, &move[0], &move[1])
		if s.entries[id] == nil {
			s.entries[id] = &entry{lines: make(map[int64][2]int64), sides: make(map[[2]int64]int), events: make(map[int64]int)}
		}
		s.entries[id].lines[sim] = move
		return err
	}, firstSIM, firstSIM+lanes*perLane)
	return errors.Join(err, dbcheck.Each(ctx, tx, `SELECT ledger_id, workspace_id, side, sims FROM ledger_sides
		WHERE workspace_id IN ($1, $2)`, func(scan func(...any) error) error {
		var id int64
		var side [2]int64
		var sims int
		err := scan(&id, &side[0], &side[1], &sims)
		if e := s.entries[id]; e != nil {
			e.sides[side] = sims
		}
		return err
	}, workspaces[0], workspaces[1]), dbcheck.Each(ctx, tx, "SELECT ledger_id, workspace_id FROM events WHERE type = 69", func(scan func(...any) error) error {
		var id, workspace int64
		err := scan(&id, &workspace)
		if e := s.entries[id]; e != nil {
			e.events[workspace]++
		}
		return err
	}))
}

func (s *stored) readAudit(ctx context.Context, tx *sql.Tx) error {
	return dbcheck.Each(ctx, tx, `SELECT a.subject_id, a.action, p.workspace_id FROM audit a JOIN audit_places p ON p.audit_id = a.id
		WHERE a.subject = 'offer'`, func(scan func(...any) error) error {
		var a audited
		err := scan(&a.offer, &a.action, &a.workspace)
		s.audited[a]++
		return err
	})
}
