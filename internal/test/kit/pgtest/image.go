package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// initdb takes more than a second, and a whole test run makes dozens of clusters. So the
// first cluster of a version is kept as an archive in the user's cache directory, and later
// ones are unpacked from it. They share its password, which is in the archive.

// imageFormat changes when the contents of an archive change: older archives are ignored.
const imageFormat = 1

// unpackImage fills the cluster's directory from the archive and reports whether it did.
// Any failure means that initdb has to run instead.
func (c *Cluster) unpackImage() bool {
	name, err := c.imageFile()
	if err != nil {
		return false
	}
	archive, err := os.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = archive.Close() }() // read-only
	cmd := c.tar("-x", "-f", "-")
	cmd.Stdin = archive
	if cmd.Run() != nil {
		return errors.Join(os.RemoveAll(c.Data()), os.RemoveAll(c.passwordFile())) != nil
	}
	password, err := os.ReadFile(c.passwordFile())
	if err != nil {
		return false
	}
	c.password = string(password)
	return true
}

// packImage keeps a new cluster for the next one. The archive gets its name only when it is
// complete, so that no other process sees a part of it.
func (c *Cluster) packImage() error {
	name, err := c.imageFile()
	if err != nil {
		return nil // no cache directory: each cluster costs an initdb
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	archive, err := os.CreateTemp(filepath.Dir(name), "packing-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(archive.Name()) }() // gone if it was renamed
	cmd := c.tar("-c", "-f", "-", filepath.Base(c.Data()), filepath.Base(c.passwordFile()))
	cmd.Stdout = archive
	if err := errors.Join(cmd.Run(), archive.Close()); err != nil {
		return fmt.Errorf("packing a cluster: %w", err)
	}
	return os.Rename(archive.Name(), name)
}

// imageFile names the archive by everything that decides its contents.
func (c *Cluster) imageFile() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(context.Background(), filepath.Join(c.bin, "initdb"), "--version").Output()
	if err != nil {
		return "", err
	}
	release := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ()/\n", r) {
			return '_'
		}
		return r
	}, strings.TrimSpace(string(out)))
	return filepath.Join(cache, "simferry-tests", fmt.Sprintf("cluster-%d-%s.tar", imageFormat, release)), nil
}

// tar runs tar in the cluster's directory as the cluster's user.
func (c *Cluster) tar(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), "tar", args...)
	cmd.Env = inheritedEnv()
	cmd.Dir = c.home.path
	c.owner.become(cmd)
	return cmd
}

func (c *Cluster) passwordFile() string { return filepath.Join(c.home.path, "password") }
