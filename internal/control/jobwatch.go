package control

import (
	"context"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// watchSpacing is the least time between two reads of a watched job.
const watchSpacing = 200 * time.Millisecond

// jobFeeds reads the jobs that are being watched, once for all watchers of a job.
type jobFeeds struct {
	poll time.Duration // how often a job is read, for changes by other servers

	mu   sync.Mutex
	open map[fleet.JobID]*jobFeed
}

// jobFeed reads one job repeatedly until its last watcher leaves.
type jobFeed struct {
	watchers int // guarded by the mutex of jobFeeds
	stop     context.CancelFunc
	stopped  chan struct{}
	due      chan struct{} // receives a value when this server has changed the job

	mu      sync.Mutex
	job     fleet.Job     // with all its counts
	changed chan struct{} // closed when job is replaced
}

// JobWatch follows a job for one caller.
type JobWatch struct {
	control *Control
	id      fleet.JobID
	feed    *jobFeed
	reader  fleet.JobReader
}

// WatchJob begins to follow a job; the caller must call Close. Check must be called regularly.
//
// Permission: ReadMigrations. Errors: NotFound, also for a job that the caller may not see.
func (c *Control) WatchJob(ctx context.Context, caller identity.Principal, id fleet.JobID) (*JobWatch, error) {
	w := &JobWatch{control: c, id: id}
	if err := w.Check(ctx, caller); err != nil {
		return nil, err
	}
	var now fleet.Job
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		now, _, err = tx.WholeJob(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.feeds.mu.Lock()
	defer c.feeds.mu.Unlock()
	f := c.feeds.open[id]
	if f == nil {
		f = &jobFeed{stopped: make(chan struct{}), due: make(chan struct{}, 1), job: now, changed: make(chan struct{})}
		ctx, f.stop = context.WithCancel(context.WithoutCancel(ctx))
		c.feeds.open[id] = f
		go f.run(ctx, c, id)
	}
	f.watchers++
	w.feed = f
	return w, nil
}

// Check reads again whether the caller may see the job, and how much of it.
//
// Errors: NotFound, Forbidden.
func (w *JobWatch) Check(ctx context.Context, caller identity.Principal) error {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return err
	}
	return w.control.store.View(ctx, func(tx *store.Tx) error {
		if _, err := seenJob(ctx, tx, caller, w.id, false); err != nil {
			return err
		}
		j, found, err := tx.WholeJob(ctx, w.id)
		if err != nil || !found {
			return err
		}
		sides := []fleet.WorkspaceID{j.Target.ID}
		for _, c := range j.Counts {
			sides = append(sides, c.Source, c.Home)
		}
		w.reader = fleet.JobReader{All: caller.SuperAdmin, User: caller.User, Known: make(map[fleet.WorkspaceID]bool)}
		if caller.User == 0 {
			w.reader.Known[caller.Workspace] = true
			return nil
		}
		standings, err := tx.Standings(ctx, caller.User, fleet.Once(sides))
		for _, id := range sides {
			_, member := standings[id]
			w.reader.Known[id] = member
		}
		return err
	})
}

// Job returns the job as the caller may see it, and a channel that is closed when it has changed.
// complete is false if a Workspace is concerned of which Check does not know yet whether the caller
// is a member; its SIMs are not counted.
func (w *JobWatch) Job() (j fleet.Job, complete bool, changed <-chan struct{}) {
	w.feed.mu.Lock()
	j, changed = w.feed.job, w.feed.changed
	w.feed.mu.Unlock()
	j, complete = w.reader.See(j)
	return j, complete, changed
}

// Close ends the watch.
func (w *JobWatch) Close() {
	feeds := &w.control.feeds
	feeds.mu.Lock()
	w.feed.watchers--
	last := w.feed.watchers == 0
	if last {
		delete(feeds.open, w.id)
	}
	feeds.mu.Unlock()
	if last {
		w.feed.stop()
		<-w.feed.stopped
	}
}

// changed has the watchers of a job see what this server has changed.
func (f *jobFeeds) changed(id fleet.JobID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if feed := f.open[id]; feed != nil {
		select {
		case feed.due <- struct{}{}:
		default: // a value is waiting
		}
	}
}

// run reads the job until ctx ends.
func (f *jobFeed) run(ctx context.Context, c *Control, id fleet.JobID) {
	defer close(f.stopped)
	poll, spacing := time.NewTicker(c.feeds.poll), time.NewTimer(watchSpacing)
	defer poll.Stop()
	defer spacing.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-f.due:
		}
		f.read(ctx, c.store, id)
		spacing.Reset(watchSpacing)
		select {
		case <-ctx.Done():
		case <-spacing.C:
		}
	}
}

// read replaces the job if it has changed. If the database does not respond, the next read tries
// again.
func (f *jobFeed) read(ctx context.Context, s *store.Store, id fleet.JobID) {
	var version int64
	var found bool
	err := s.Read(ctx, func(tx *store.Tx) (err error) {
		version, err = tx.JobVersion(ctx, id)
		return err
	})
	if err != nil || version == f.job.Version {
		return
	}
	var j fleet.Job
	err = s.View(ctx, func(tx *store.Tx) (err error) {
		j, found, err = tx.WholeJob(ctx, id)
		return err
	})
	if err != nil || !found {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.job = j
	close(f.changed)
	f.changed = make(chan struct{})
}
