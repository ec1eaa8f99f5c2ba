package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const installTimeout = 5 * time.Minute

// install fetches the server programs by apt, where this process may do so.
func install() error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return errors.New("they are not installed by themselves: that needs root and apt-get")
	}
	settings, err := withoutMainCluster()
	if err != nil {
		return err
	}
	defer func() { _ = settings.Close() }() // lets the next process go on
	if _, ok := findPrograms(); ok {
		return nil // another process, for which this one has waited, has done it
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	if err := runApt(ctx, apt, "update", "-qq"); err != nil {
		return err
	}
	return runApt(ctx, apt, "install", "-y", "-qq", "--no-install-recommends", "postgresql")
}

func runApt(ctx context.Context, apt string, args ...string) error {
	cmd := exec.CommandContext(ctx, apt, append([]string{"-o", "DPkg::Lock::Timeout=240"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// withoutMainCluster keeps Debian's package from creating and starting a server of its
// own: the programs are all that the tests need. The file is returned locked, because
// test processes run side by side, and apt-get does not wait for its like.
func withoutMainCluster() (*os.File, error) {
	dir := "/etc/postgresql-common/createcluster.d"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "simferry-tests.conf"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt([]byte("create_main_cluster = false\n"), 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
