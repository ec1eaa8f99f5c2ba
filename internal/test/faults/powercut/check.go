package powercut

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// state is one computer after a power cut.
type state struct {
	files map[string][]byte
	acked []string // ledger entries that clients may have been sent
	what  string   // for messages
}

// recover starts on the remaining files, as the server does after a power cut, and reports the
// faults of the product that it finds.
func (s state) recover(ctx context.Context, dir, db string, asked map[string]*traffic.Request) (wrong []string) {
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)+" ["+s.what+"]") }
	if err := s.write(dir); err != nil {
		fail("the state cannot be written: %v", err)
		return wrong
	}
	url := "sqlite:" + filepath.Join(dir, db)
	opened, err := store.Open(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		fail("I12: the database does not open: %v", err)
		return wrong
	}
	if err := link(ctx, opened); err != nil {
		fail("I12: the audit log takes no links: %v", err)
	}
	faults, err := dbcheck.CheckStore(ctx, opened)
	if err != nil {
		fail("I1: fsck cannot read the database: %v", err)
	}
	for _, f := range faults {
		fail("%s", f)
	}
	list, err := traffic.Read(ctx, url, 0)
	if err != nil {
		fail("I5: the ledger cannot be read: %v", err)
	}
	have := make(map[string]*traffic.Entry)
	for _, e := range list {
		have[e.Location()] = e
	}
	for _, location := range s.acked {
		if lost := asked[location].Lost(have[location]); err == nil && lost != "" {
			fail("%s", lost)
		}
	}
	if err := writes(ctx, opened); err != nil {
		fail("I12: the database takes no writes: %v", err)
	}
	if err := opened.Close(); err != nil {
		fail("I12: the database does not close: %v", err)
	}
	return wrong
}

func (s state) write(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	for name, content := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// link links the entries of the audit log that have no link, as a server does when it starts. The
// cut was minutes ago: fsck takes older entries without a link for manipulated ones.
func link(ctx context.Context, s *store.Store) error {
	const most = 10_000 // more than a recording has
	return s.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.LinkAudit(ctx, most)
		return err
	})
}

// writes checks that a write succeeds.
func writes(ctx context.Context, s *store.Store) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Count(ctx, "power", "cut", time.Minute)
		return err
	})
}

// locations returns what was acknowledged, in a fixed order.
func (d *disk) locations() []string {
	list := make([]string, 0, len(d.acked))
	for location := range d.acked {
		list = append(list, location)
	}
	slices.Sort(list)
	return list
}
