package store_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// crashEnv makes this test binary a process that is killed in the middle of a transaction.
const crashEnv = "STORETEST_CRASH"

// openEnv makes this test binary a process that opens a database, to be killed in between.
const openEnv = "STORETEST_OPEN"

// crash writes in a transaction, reports it, and never commits.
func crash(url string) {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		panic(err)
	}
	err = s.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutWorkspace(ctx, named(7, "half")); err != nil {
			return err
		}
		if _, err := os.Stdout.WriteString("written\n"); err != nil {
			return err
		}
		select {}
	})
	panic(err)
}

func TestCrashBetweenStatementsRollsBack(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	sums := storetest.CheckSums(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+url)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	if err != nil || line != "written\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}

	s = open(t, url, store.Options{})
	if got := storetest.CheckSums(t, s); got != sums {
		t.Errorf("before %+v, after %+v", sums, got)
	}
	if err := s.View(t.Context(), func(tx *store.Tx) error {
		all, err := tx.AllWorkspaces(t.Context())
		if len(all) != 5 {
			t.Errorf("there are %d Workspaces, want the fixture's 5", len(all))
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	put(t, s, named(8, "whole"))
}

// Two processes use one file, such as an operator's command and the server: each sometimes
// finds the database locked, and neither fails.
func TestTwoWritersOnOneFile(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	stores := []*store.Store{open(t, url, store.Options{}), open(t, url, store.Options{})}
	const each = 40
	var wg sync.WaitGroup
	for _, s := range stores {
		for range 2 {
			wg.Go(func() {
				for range each {
					if err := s.Update(t.Context(), func(tx *store.Tx) error {
						_, err := tx.Count(t.Context(), "k", "k", time.Hour)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	if err := stores[0].Read(t.Context(), func(tx *store.Tx) error {
		c, err := tx.Counter(t.Context(), "k", "k")
		if c.Count != 4*each {
			t.Errorf("counted %d, want %d", c.Count, 4*each)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}
