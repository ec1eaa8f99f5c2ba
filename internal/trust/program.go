package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// programs are what was built so far: each once, however many harnesses want it.
var programs = struct {
	mu   sync.Mutex
	dir  string
	made map[program]*making
}{made: make(map[program]*making)}

// program is what to build: the command, or the tests of a package, with build tags.
type program struct{ pkg, tags string }

// making is a program that somebody builds; done is closed when it is there.
type making struct {
	done chan struct{}
	file string
	err  error
}

const command = "cmd/simferry"

// Build builds simferry from the tree with build tags, and returns its path. It is there
// until RemovePrograms.
func Build(ctx context.Context, tags string) (string, error) {
	return program{command, tags}.get(ctx, "")
}

// BuildTests is Build for the tests of a package, named by its directory in the tree.
func BuildTests(ctx context.Context, pkg, tags string) (string, error) {
	return program{pkg, tags}.get(ctx, "")
}

// BuildAhead builds simferry, or the tests of a package, at a low priority: beside
// something that waits more than it works. Who needs it meanwhile waits for it.
func BuildAhead(ctx context.Context, pkg, tags string) {
	if pkg == "" {
		pkg = command
	}
	_, _ = program{pkg, tags}.get(ctx, "nice") // who asks for it is told
}

// RemovePrograms deletes what was built.
func RemovePrograms() error {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	dir := programs.dir
	programs.dir, programs.made = "", make(map[program]*making)
	if dir == "" {
		return nil
	}
	return os.RemoveAll(dir)
}

func (p program) get(ctx context.Context, prefix string) (string, error) {
	m, mine, err := p.claim()
	if err != nil {
		return "", err
	}
	if mine {
		m.err = p.build(ctx, m.file, prefix)
		close(m.done)
		if m.err != nil {
			p.forget(m)
		}
	}
	select {
	case <-m.done:
		return m.file, m.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// claim tells whether the caller is the one who has to build it.
func (p program) claim() (m *making, mine bool, err error) {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if programs.dir == "" {
		if programs.dir, err = os.MkdirTemp("", "trust-programs-"); err != nil {
			return nil, false, err
		}
	}
	if m := programs.made[p]; m != nil {
		return m, false, nil
	}
	name := strings.NewReplacer("/", "-", ",", "-").Replace(p.pkg + "-" + p.tags)
	m = &making{done: make(chan struct{}), file: filepath.Join(programs.dir, name)}
	programs.made[p] = m
	return m, true, nil
}

// forget lets somebody else try again: who built it may have been told to stop.
func (p program) forget(m *making) {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if programs.made[p] == m {
		delete(programs.made, p)
	}
}

func (p program) build(ctx context.Context, file, prefix string) error {
	args := []string{"go", "build"}
	if p.pkg != command {
		args = []string{"go", "test", "-c", "-vet=off"}
	}
	if prefix != "" {
		args = append([]string{prefix, "-n", "10"}, args...)
	}
	args = append(args, "-ldflags", "-w", "-tags", p.tags)
	if p.tags != "" {
		// All of ours is compiled anew for one bug, and thrown away: inlining and what a
		// debugger wants take a third of that.
		args = append(args, "-gcflags=github.com/simferry/simferry/...=-l -dwarf=false")
	}
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], "-o", file, "./"+p.pkg)...)
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "GOGC=400") // a fifth less work, for some more memory
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out), ctx.Err())
	}
	return nil
}
