package jobload

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/simferry/simferry/internal/test/faults/dbcheck"
)

// stored is what a database holds of the jobs.
type stored struct {
	jobs  map[int64]*storedJob
	lines map[place]int64 // the ledger entries of the user who creates jobs, by SIM and version
	twice []place         // SIMs that have two lines for one version
	sizes map[int64]int   // how many lines an entry has
	owner map[int64]int64 // the job that an entry belongs to
	now   map[int64]int64 // the versions of the SIMs
}

// place is a version of a SIM.
type place struct{ sim, version int64 }

type storedJob struct {
	id, done, cursor int64
	state            string
	target           int64
	rows             []storedRow
}

// storedRow is a verdict.
type storedRow struct{ job, pos, sim, version, verdict, entry int64 }

// The verdicts, as package fleet numbers them.
const (
	planned = 0
	moved   = 1
)

// read reads a database. It does not use the store: the tables themselves are the proof.
func read(ctx context.Context, url string) (s *stored, err error) {
	db, err := dbcheck.OpenReadOnly(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // read-only
	isolation := sql.LevelRepeatableRead
	if strings.HasPrefix(url, "sqlite:") {
		isolation = sql.LevelDefault // one instant anyway
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: isolation, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // read-only
	s = &stored{
		jobs: make(map[int64]*storedJob), lines: make(map[place]int64), sizes: make(map[int64]int),
		owner: make(map[int64]int64), now: make(map[int64]int64),
	}
	return s, errors.Join(s.readJobs(ctx, tx), s.readRows(ctx, tx), s.readLedger(ctx, tx), s.readSIMs(ctx, tx))
}

func (s *stored) readJobs(ctx context.Context, tx *sql.Tx) error {
	return dbcheck.Each(ctx, tx, "SELECT id, state, done, COALESCE(cursor, 0), COALESCE(target_id, 0) FROM jobs WHERE user_id = $1", func(scan func(...any) error) error {
		var j storedJob
		err := scan(&j.id, &j.state, &j.done, &j.cursor, &j.target)
		s.jobs[j.id] = &j
		return err
	}, User)
}

func (s *stored) readRows(ctx context.Context, tx *sql.Tx) error {
	err := dbcheck.Each(ctx, tx, `SELECT job_id, pos, COALESCE(sim_id, 0), COALESCE(version, 0), verdict, COALESCE(entry, 0)
		FROM job_sims ORDER BY job_id, pos`, func(scan func(...any) error) error {
		var r storedRow
		err := scan(&r.job, &r.pos, &r.sim, &r.version, &r.verdict, &r.entry)
		if j := s.jobs[r.job]; j != nil {
			j.rows = append(j.rows, r)
		}
		return err
	})
	return errors.Join(err, dbcheck.Each(ctx, tx, "SELECT job_id, ledger_id FROM job_entries", func(scan func(...any) error) error {
		var job, entry int64
		err := scan(&job, &entry)
		s.owner[entry] = job
		return err
	}))
}

func (s *stored) readLedger(ctx context.Context, tx *sql.Tx) error {
	return dbcheck.Each(ctx, tx, `SELECT l.ledger_id, l.sim_id, l.version FROM ledger m JOIN ledger_lines l ON l.ledger_id = m.id
		WHERE m.user_id = $1`, func(scan func(...any) error) error {
		var entry int64
		var at place
		err := scan(&entry, &at.sim, &at.version)
		if s.lines[at] != 0 {
			s.twice = append(s.twice, at)
		}
		s.lines[at] = entry
		s.sizes[entry]++
		return err
	}, User)
}

func (s *stored) readSIMs(ctx context.Context, tx *sql.Tx) error {
	return dbcheck.Each(ctx, tx, "SELECT id, version FROM sims WHERE id >= $1 AND id < $2", func(scan func(...any) error) error {
		var id, version int64
		err := scan(&id, &version)
		s.now[id] = version
		return err
	}, firstSIM, firstSIM+lanes*laneSIMs)
}
