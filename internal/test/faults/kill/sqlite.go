package kill

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
)

// SQLite is the harness on the embedded database.
var SQLite = faults.Harness{
	Name:    "kill-sqlite",
	Summary: "one server on SQLite, killed with SIGKILL after 0 to 40 ms of load and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return OnSQLite(ctx, faults.Mutation{}, size.Of(200, 10_000, 20), seed)
	},
	Control: control(onSQLite),
}

// OnSQLite runs kill cycles on a program with a mutation.
func OnSQLite(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, onSQLite, mutation, cycles, seed)
}

var onSQLite = engine{servers: 1, open: openSQLite, work: requestsOf(6)}

func openSQLite(_ context.Context, dir string) (site, error) {
	return sqliteSite{filepath.Join(dir, "simferry.db")}, nil
}

type sqliteSite struct{ file string }

func (s sqliteSite) url(int) string { return "sqlite:" + s.file }

func (s sqliteSite) inside(_ context.Context, _ int, frozen *proc.Server) (bool, error) {
	return writing(frozen.PID, s.file)
}

func (sqliteSite) logErrors(context.Context, func(string, ...any)) error { return nil }
func (sqliteSite) close() error                                          { return nil }

// writeLock is the byte of the -shm file that a writer locks from BEGIN IMMEDIATE to the
// end of its transaction (https://sqlite.org/walformat.html).
const writeLock = 120

// writing reports whether a process holds SQLite's write lock. The kernel lists the locks of
// frozen processes as well.
func writing(pid int, file string) (bool, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(file+"-shm", &stat); err != nil {
		return false, err
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return false, err
	}
	// 1: POSIX  ADVISORY  WRITE 1234 fe:00:5678 120 120
	for line := range bytes.Lines(locks) {
		f := strings.Fields(string(line))
		if len(f) < 8 || f[3] != "WRITE" || f[4] != strconv.Itoa(pid) || !strings.HasSuffix(f[5], ":"+strconv.FormatUint(stat.Ino, 10)) {
			continue
		}
		first, err := strconv.Atoi(f[6])
		last, bad := strconv.Atoi(f[7])
		if err == nil && bad == nil && first <= writeLock && writeLock <= last {
			return true, nil
		}
	}
	return false, nil
}
