package jobload

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Fence sees in the database itself which server records the progress of a job while which one has
// the lease. On SQLite, which one server uses alone, it records nothing.
type Fence struct {
	db       *sql.DB
	postgres bool

	mu        sync.Mutex
	processes map[string][]int // of each application name
}

// fenceTables has a row for each step that was recorded: by which connection, and under whose
// lease.
const fenceTables = `
	CREATE TABLE fence_steps (job_id BIGINT, application TEXT, owner TEXT, attempt BIGINT, done BIGINT);
	CREATE FUNCTION fence_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.done <> OLD.done OR NEW.part <> OLD.part OR NEW.position <> OLD.position THEN
			INSERT INTO fence_steps VALUES (NEW.id, current_setting('application_name'), NEW.lease_owner, NEW.attempt, NEW.done);
		END IF;
		RETURN NULL;
	END $$;
	CREATE TRIGGER fence_step AFTER UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION fence_step()`

// NewFence begins to watch a database that has its tables.
func NewFence(ctx context.Context, database string) (*Fence, error) {
	f := &Fence{postgres: !strings.HasPrefix(database, "sqlite:"), processes: make(map[string][]int)}
	var err error
	if file, ok := strings.CutPrefix(database, "sqlite:"); ok {
		f.db, err = sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
		if err == nil {
			f.db.SetMaxIdleConns(0) // or a server that is started again would find nothing to recover
		}
	} else {
		f.db, err = sql.Open("pgx", database)
	}
	if err == nil && f.postgres {
		_, err = f.db.ExecContext(ctx, fenceTables)
	}
	return f, err
}

// Process says that a server, named by the application_name of its connections, is a process.
func (f *Fence) Process(application string, pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes[application] = append(f.processes[application], pid)
}

// newest reports whether a process is the newest of its server.
func (f *Fence) newest(pid int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, list := range f.processes {
		if list[len(list)-1] == pid {
			return true
		}
	}
	return false
}

// Lease is the lease of an unfinished job.
type Lease struct {
	Job, Attempt, Done int64
	PID                int
	State              string
}

// Leases reads the leases that some server has.
func (f *Fence) Leases(ctx context.Context) (list []Lease, err error) {
	rows, err := f.db.QueryContext(ctx, "SELECT id, attempt, done, lease_owner, state FROM jobs WHERE lease_owner <> '' AND ended_at IS NULL")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	for rows.Next() {
		var l Lease
		var owner string
		if err := rows.Scan(&l.Job, &l.Attempt, &l.Done, &owner, &l.State); err != nil {
			return nil, err
		}
		if l.PID, err = process(owner); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// process returns the process of an owner: host/process/worker.
func process(owner string) (int, error) {
	parts := strings.Split(owner, "/")
	if len(parts) != 3 {
		return 0, fmt.Errorf("the owner of a lease is %q, want host/process/worker", owner)
	}
	return strconv.Atoi(parts[1])
}

// Expire ends the leases of processes that were killed.
func (f *Fence) Expire(ctx context.Context) error {
	list, err := f.Leases(ctx)
	for _, l := range list {
		if err != nil || f.newest(l.PID) {
			continue
		}
		_, err = f.db.ExecContext(ctx, "UPDATE jobs SET lease_until = 0 WHERE id = $1 AND attempt = $2", l.Job, l.Attempt)
	}
	return err
}

// Check reports every step that a server recorded while another one had the lease, and removes
// what the fence has added to the database.
func (f *Fence) Check(ctx context.Context) (wrong []string, err error) {
	if f.postgres {
		wrong, err = f.stale(ctx)
		_, dropped := f.db.ExecContext(ctx, "DROP TRIGGER fence_step ON jobs; DROP FUNCTION fence_step(); DROP TABLE fence_steps")
		err = errors.Join(err, dropped)
	}
	return wrong, errors.Join(err, f.db.Close())
}

func (f *Fence) stale(ctx context.Context) (wrong []string, err error) {
	rows, err := f.db.QueryContext(ctx, "SELECT job_id, application, owner, attempt, done FROM fence_steps")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports a failure
	for rows.Next() {
		var job, attempt, done int64
		var application, owner string
		if err := rows.Scan(&job, &application, &owner, &attempt, &done); err != nil {
			return nil, err
		}
		if pid, err := process(owner); err != nil || !f.is(application, pid) {
			wrong = append(wrong, fmt.Sprintf("I15: %s recorded %d SIMs of job %d, and attempt %d was the lease of %s", application, done, job, attempt, owner))
		}
	}
	return wrong, rows.Err()
}

// is reports whether a server was once a process.
func (f *Fence) is(application string, pid int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.processes[application] {
		if one == pid {
			return true
		}
	}
	return false
}
