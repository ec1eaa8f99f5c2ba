package faults

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

// programs holds what was built so far: each program once, however many harnesses use it.
var programs = struct {
	mu   sync.Mutex
	dir  string
	made map[programKey]*building
}{made: make(map[programKey]*building)}

// program is what to build: the command, or the tests of a package, with a mutation.
type program struct {
	pkg      string
	mutation Mutation
}

// programKey identifies a program. Mutations of one name are the same.
type programKey struct{ pkg, mutation string }

// building is a program that is being built, or was built once done is closed.
type building struct {
	done chan struct{}
	file string
	err  error
}

const command = "cmd/simferry"

// Build builds simferry from the tree with a mutation and returns its path. The file exists
// until RemovePrograms.
func Build(ctx context.Context, m Mutation) (string, error) {
	return program{command, m}.get(ctx, "")
}

// BuildTests builds the tests of a package, named by its directory in the tree.
func BuildTests(ctx context.Context, pkg string, m Mutation) (string, error) {
	return program{pkg, m}.get(ctx, "")
}

// Prebuild builds simferry, or the tests of a package, at a low priority, while the
// machine mostly waits. A harness that needs the program meanwhile waits for it.
func Prebuild(ctx context.Context, pkg string, m Mutation) {
	if pkg == "" {
		pkg = command
	}
	_, _ = program{pkg, m}.get(ctx, "nice") // the harness that needs it gets the error
}

// RemovePrograms deletes what was built.
func RemovePrograms() error {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	dir := programs.dir
	programs.dir, programs.made = "", make(map[programKey]*building)
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

func (p program) key() programKey { return programKey{p.pkg, p.mutation.Name} }

// claim reports whether the caller has to build the program.
func (p program) claim() (b *building, mine bool, err error) {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if programs.dir == "" {
		if programs.dir, err = os.MkdirTemp("", "trust-programs-"); err != nil {
			return nil, false, err
		}
	}
	if b := programs.made[p.key()]; b != nil {
		return b, false, nil
	}
	name := strings.ReplaceAll(p.pkg+"-"+p.mutation.Name, "/", "-")
	b = &building{done: make(chan struct{}), file: filepath.Join(programs.dir, name)}
	programs.made[p.key()] = b
	return b, true, nil
}

// forget lets another caller build the program: the first one may have been stopped.
func (p program) forget(b *building) {
	programs.mu.Lock()
	defer programs.mu.Unlock()
	if programs.made[p.key()] == b {
		delete(programs.made, p.key())
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
	args = append(args, "-ldflags", "-w")
	if !p.mutation.IsZero() {
		dir, err := os.MkdirTemp("", "trust-overlay-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // the compiler is done with it
		overlay, err := p.mutation.Overlay(Root(), dir)
		if err != nil {
			return err
		}
		// Without inlining and debug information a package compiles in two thirds of the time,
		// and the mutant is thrown away.
		args = append(args, "-overlay", overlay, "-gcflags=github.com/simferry/simferry/...=-l -dwarf=false")
	}
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], "-o", file, "./"+p.pkg)...)
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "GOGC=400") // a fifth less work for some more memory
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out), ctx.Err())
	}
	return nil
}
