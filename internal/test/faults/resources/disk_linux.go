package resources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// diskSize is the size of the small disk. SQLite's log and its index need some of it at once.
const diskSize = 256 << 20

var disk = scene{
	name: "resources-disk", summary: "SQLite's disk, a small tmpfs, is full under load and has room again",
	setUp: setUpDisk, least: minimumWork{refused: 1, underWay: 1, jobs: 1},
}

// Disk fills the disk.
var Disk = disk.fillHarness()

// fillHarness returns the harness of a scene that fills a disk. The control acknowledges before it
// commits, which is wrong on a full disk.
func (s scene) fillHarness() faults.Harness {
	bare := s
	s.control = func(ctx context.Context, seed uint64) (faults.Control, error) {
		return failing(ctx, "a server that acknowledges before it commits", bare, mutants.MustFind("ack_early"), seed)
	}
	return s.harness()
}

type diskSite struct {
	served
	mount string
}

func setUpDisk(ctx context.Context, p place) (site, error) {
	mount, err := p.own()
	if err != nil {
		return nil, err
	}
	if err := mountSmall(mount, fmt.Sprintf("size=%d,mode=700", diskSize)); err != nil {
		return nil, err
	}
	url := "sqlite:" + filepath.Join(mount, "fleet.db")
	s, err := serve(ctx, p, url, url)
	if err == nil {
		if err = s.withJobs(ctx, uint64(p.number)); err != nil {
			err = errors.Join(err, s.close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, syscall.Unmount(mount, 0))
	}
	return diskSite{s, mount}, nil
}

// injectFault fills the disk and makes room again.
func (s diskSite) injectFault(ctx context.Context, load *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error) {
	faultStart = time.Now()
	err = fillUp(ctx, s.mount, load, rng, nil)
	return faultStart, time.Now(), err
}

func (s diskSite) close() error {
	return errors.Join(s.served.close(), syscall.Unmount(s.mount, 0))
}
