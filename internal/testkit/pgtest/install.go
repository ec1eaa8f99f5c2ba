package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const installTimeout = 5 * time.Minute

// install fetches the server programs by apt, where this process may do so. Test
// processes run side by side, so it waits for the lock of another that installs.
func install() error {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return errors.New("they are not installed by themselves: that needs root and apt-get")
	}
	if err := withoutMainCluster(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	for _, args := range [][]string{
		{"update", "-qq"},
		{"install", "-y", "-qq", "--no-install-recommends", "postgresql"},
	} {
		if err := runApt(ctx, apt, args); err != nil {
			return err
		}
	}
	return nil
}

func runApt(ctx context.Context, apt string, args []string) error {
	cmd := exec.CommandContext(ctx, apt, append([]string{"-o", "DPkg::Lock::Timeout=240"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// withoutMainCluster keeps Debian's package from creating and starting a server of its
// own: the programs are all that the tests need.
func withoutMainCluster() error {
	dir := "/etc/postgresql-common/createcluster.d"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "simferry-tests.conf"), []byte("create_main_cluster = false\n"), 0o644)
}
