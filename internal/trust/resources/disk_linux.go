package resources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/traffic"
)

// diskSize is that of the small disk. SQLite's log and its index need some of it at once.
const diskSize = 64 << 20

var disk = scene{
	name: "resources-disk", does: "SQLite's disk, a small tmpfs, is full under load and has room again",
	setUp: setUpDisk, least: least{refused: 1, underWay: 1},
}

// Disk fills the disk. Its control acknowledges before it commits: on a full disk that is
// a lie.
var Disk = func() trust.Harness {
	s := disk
	s.control = func(ctx context.Context, seed uint64) (trust.Control, error) {
		return failing(ctx, "a server that acknowledges before it commits", disk, "planted_ack_early", seed)
	}
	return s.harness()
}()

type diskSite struct {
	served
	mount string
}

func setUpDisk(ctx context.Context, p place) (site, error) {
	mount, err := p.own()
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", diskSize)); err != nil {
		return nil, fmt.Errorf("a small disk of its own needs the right to mount a tmpfs (root, or CAP_SYS_ADMIN): %w", err)
	}
	url := "sqlite:" + filepath.Join(mount, "fleet.db")
	s, err := serve(ctx, p.tags, url, url)
	if err != nil {
		return nil, errors.Join(err, syscall.Unmount(mount, 0))
	}
	return diskSite{s, mount}, nil
}

// noticed is how long a server may go on without telling anybody: where clients are never
// told, the harness is void.
const noticed = 10 * time.Second

// strike leaves a little room, waits until clients are told that there is none left, and
// makes room again.
func (s diskSite) strike(ctx context.Context, load *traffic.Load, rng *rand.Rand) (struck, over time.Time, err error) {
	struck = time.Now()
	ballast := filepath.Join(s.mount, "ballast")
	for load.Refused() == 0 && time.Since(struck) < noticed && ctx.Err() == nil {
		if err := fill(s.mount, ballast, rng.Int64N(64<<10)); err != nil {
			return struck, over, err
		}
		trust.Pause(ctx, 10*time.Millisecond)
	}
	trust.Pause(ctx, time.Duration(rng.IntN(200))*time.Millisecond)
	err = os.Remove(ballast)
	return struck, time.Now(), err
}

// fill grows a file until so much is left.
func fill(mount, file string, left int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(mount, &fs); err != nil {
		return err
	}
	more := int64(fs.Bavail)*fs.Bsize - left
	if more <= 0 {
		return nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, more))
	if errors.Is(err, syscall.ENOSPC) { // the server was quicker
		err = nil
	}
	return errors.Join(err, f.Close())
}

func (s diskSite) close() error {
	return errors.Join(s.served.close(), syscall.Unmount(s.mount, 0))
}
