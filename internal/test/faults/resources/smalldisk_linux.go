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

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// mountSmall mounts a tmpfs over a folder; options set its size.
func mountSmall(folder, options string) error {
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		return fmt.Errorf("a small disk of its own needs the right to mount a tmpfs (root, or CAP_SYS_ADMIN): %w", err)
	}
	return nil
}

// noticed is how long a server may run on a full disk without an error. If clients never get an
// error, the harness is void.
const noticed = 10 * time.Second

// fillUp leaves a little room until clients get an error, and makes room again. meanwhile, if
// not nil, runs each time after the room was taken.
func fillUp(ctx context.Context, mount string, load *traffic.Load, rng *rand.Rand, meanwhile func(context.Context)) error {
	ballast := filepath.Join(mount, "ballast")
	for began := time.Now(); load.Refused() == 0 && time.Since(began) < noticed && ctx.Err() == nil; faults.Pause(ctx, 10*time.Millisecond) {
		if err := fill(mount, ballast, rng.Int64N(64<<10)); err != nil {
			return err
		}
		if meanwhile != nil {
			meanwhile(ctx)
		}
	}
	faults.Pause(ctx, time.Duration(rng.IntN(200))*time.Millisecond)
	return os.Remove(ballast)
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
