package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// meter measures the processor time of this process and of PostgreSQL's, which a busy machine
// changes less than the time on the clock. It works on Linux only.
type meter struct {
	pool *pgxpool.Pool // nil for SQLite, which runs in this process
	ours time.Duration // of the operation, over all turns
	bare time.Duration // of the floor
}

// metered adds the processor time of a function to a sum.
func (m *meter) metered(ctx context.Context, sum *time.Duration, do func() error) func() error {
	return func() error {
		before, err := m.spent(ctx)
		if err != nil {
			return err
		}
		if err := do(); err != nil {
			return err
		}
		after, err := m.spent(ctx)
		*sum += after - before
		return err
	}
}

// report reports the ratio of both sums.
func (m *meter) report(b *testing.B) {
	b.Helper()
	if m.bare > 0 {
		b.ReportMetric(float64(m.ours)/float64(m.bare), "cpu-ratio")
	}
}

// spent returns the processor time that the processes have used so far, 0 if it is not known.
func (m *meter) spent(ctx context.Context) (sum time.Duration, err error) {
	processes := []string{"self"}
	if m.pool != nil {
		rows, err := m.pool.Query(ctx, "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' ORDER BY pid")
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			var pid string
			if err := rows.Scan(&pid); err != nil {
				return 0, err
			}
			processes = append(processes, pid)
		}
		if err := rows.Err(); err != nil {
			return 0, err
		}
	}
	for _, p := range processes {
		of, err := processorTime(p)
		if err != nil {
			return 0, err
		}
		sum += of
	}
	return sum, nil
}

// processorTime sums up the time of all threads of a process.
func processorTime(process string) (sum time.Duration, err error) {
	threads, err := os.ReadDir("/proc/" + process + "/task")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, t := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/schedstat", process, t.Name()))
		if errors.Is(err, os.ErrNotExist) { // it has ended
			continue
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n)
	}
	return sum, nil
}
