package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// helperEnv makes this test binary a helper process, which a test kills.
const helperEnv = "PGTEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		hold()
		return
	}
	pgtest.Main(m)
}

// hold starts a cluster, prints its address, and stays until it is killed.
func hold() {
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, c.URL("postgres"), filepath.Dir(c.LogFile()))
	select {}
}

// holder starts such a process and returns the URL and directory of its cluster.
func holder(t *testing.T) (cmd *exec.Cmd, url, dir string) {
	t.Helper()
	pgtest.SkipIfShort(t)
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, dir, _ = strings.Cut(strings.TrimSpace(line), " ")
	return cmd, url, dir
}

func withTimeout(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	ctx := withTimeout(t)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) }) // the server may be gone by then
	return conn
}

func exec1(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(withTimeout(t), sql); err != nil {
		t.Fatal(err)
	}
}

func scalar[T any](t testing.TB, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(withTimeout(t), sql).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
