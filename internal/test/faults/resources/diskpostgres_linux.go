package resources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// clusterDiskSize is the size of the small disk: a fresh cluster takes a quarter of it.
const clusterDiskSize = 256 << 20

var clusterDisk = scene{
	name: "resources-disk-postgres", summary: "PostgreSQL's disk, a small tmpfs, is full under load, up to its panic, and has room again",
	setUp: setUpClusterDisk, least: minimumWork{refused: 1, underWay: 1},
}

// ClusterDisk fills the disk of PostgreSQL.
var ClusterDisk = clusterDisk.fillHarness()

type clusterDiskSite struct {
	served
	cluster *pgtest.Cluster
}

func setUpClusterDisk(ctx context.Context, p place) (site, error) {
	// Small segments of the log, so that a new one is needed soon.
	c, url, err := cluster(ctx, map[string]string{"min_wal_size": "32MB", "max_wal_size": "64MB"})
	if err != nil {
		return nil, err
	}
	s := clusterDiskSite{cluster: c}
	if err := s.moveToSmallDisk(ctx); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	if s.served, err = serve(ctx, p, url, url); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// moveToSmallDisk moves the stopped cluster's files to a disk that is mounted over them.
func (s clusterDiskSite) moveToSmallDisk(ctx context.Context) error {
	if err := s.cluster.Stop(pgtest.Fast); err != nil {
		return err
	}
	data := s.cluster.Data()
	var owner syscall.Stat_t
	if err := syscall.Stat(data, &owner); err != nil {
		return err
	}
	aside := filepath.Join(filepath.Dir(data), "aside")
	if err := errors.Join(os.Rename(data, aside), os.Mkdir(data, 0o700)); err != nil {
		return err
	}
	options := fmt.Sprintf("size=%d,mode=700,uid=%d,gid=%d", clusterDiskSize, owner.Uid, owner.Gid)
	if err := mountSmall(data, options); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", aside+"/.", data).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return errors.Join(os.RemoveAll(aside), s.cluster.Restart())
}

// injectFault fills the disk. Every second time it also makes PostgreSQL begin another segment of
// its log, for which there is no room: PostgreSQL panics and cannot recover until there is.
// Then the operator starts it again.
func (s clusterDiskSite) injectFault(ctx context.Context, load *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error) {
	faultStart = time.Now()
	var meanwhile func(context.Context)
	if rng.IntN(2) == 0 {
		meanwhile = s.switchLog
	}
	if err := fillUp(ctx, s.cluster.Data(), load, rng, meanwhile); err != nil {
		return faultStart, over, err
	}
	if !s.answers(ctx) {
		err = errors.Join(s.cluster.Stop(pgtest.Kill), s.cluster.Restart())
	}
	return faultStart, time.Now(), err
}

// switchLog requests another segment, which PostgreSQL may not survive.
func (s clusterDiskSite) switchLog(ctx context.Context) {
	conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(ctx) }() // it may be gone
	_, _ = conn.Exec(ctx, "SELECT pg_logical_emit_message(false, 'fill', repeat('x', 100000)), pg_switch_wal()")
}

// recovers is how long the cluster may take to recover on its own before it is restarted.
const recovers = 2 * time.Second

func (s clusterDiskSite) answers(ctx context.Context) bool {
	for began := time.Now(); time.Since(began) < recovers; faults.Pause(ctx, 20*time.Millisecond) {
		conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
		if err != nil {
			continue
		}
		_, err = conn.Exec(ctx, "SELECT pg_current_xact_id()")
		if err = errors.Join(err, conn.Close(ctx)); err == nil {
			return true
		}
	}
	return false
}

func (s clusterDiskSite) close() error { return errors.Join(s.served.close(), s.remove()) }

func (s clusterDiskSite) remove() error {
	err := s.cluster.Stop(pgtest.Kill)
	if bad := syscall.Unmount(s.cluster.Data(), 0); !errors.Is(bad, syscall.EINVAL) { // not mounted yet
		err = errors.Join(err, bad)
	}
	return errors.Join(err, s.cluster.Remove())
}
