package server

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/simferry/simferry/internal/job"
)

// counts is what a server counts about its own work.
type counts struct {
	jobs job.Counts

	delivered, delayed, refused atomic.Uint64 // mails

	mu    sync.Mutex
	tasks map[taskRun]uint64
}

// taskRun is how a run of a background task has ended.
type taskRun struct{ name, outcome string }

func (c *counts) task(name string, err error) {
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks == nil {
		c.tasks = make(map[taskRun]uint64)
	}
	// Both outcomes are reported from the first run: Prometheus sees no increase in a series that
	// begins with 1.
	c.tasks[taskRun{name, "done"}] += 0
	c.tasks[taskRun{name, "failed"}] += 0
	c.tasks[taskRun{name, outcome}]++
}

func (c *counts) taskRuns() map[taskRun]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.tasks)
}

// mail counts an attempt to deliver a mail.
func (c *counts) mail(failed error, final bool) {
	switch {
	case failed == nil:
		c.delivered.Add(1)
	case final:
		c.refused.Add(1)
	default:
		c.delayed.Add(1)
	}
}
