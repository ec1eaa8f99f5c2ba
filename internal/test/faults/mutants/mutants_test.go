package mutants_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"testing"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// TestEditsApply applies every mutation. An edit that no longer matches has to follow the
// code that it changes.
func TestEditsApply(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range mutants.All() {
		if seen[m.Name] {
			t.Errorf("two mutations are called %s", m.Name)
		}
		seen[m.Name] = true
		if m.Summary == "" || m.IsZero() {
			t.Errorf("%s: it needs a description and an edit", m.Name)
		}
		if _, err := m.Patched(faults.Root()); err != nil {
			t.Error(err)
		}
	}
}

// TestMutantsCompile builds the packages that the mutations change. Many mutations share a build,
// because a build costs seconds.
func TestMutantsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short does not compile mutants")
	}
	for _, batch := range batches(mutants.All()) {
		compileEach(t, batch)
	}
}

// compileEach compiles mutations together, and if that fails, each half: one of them does not
// compile, or two do not together.
func compileEach(t *testing.T, list []faults.Mutation) {
	t.Helper()
	switch err := compile(t, joined(list)); {
	case err == nil:
	case len(list) == 1:
		t.Errorf("%s does not compile: %v", list[0].Name, err)
	default:
		t.Logf("%d mutations do not compile together: %v", len(list), err)
		compileEach(t, list[:len(list)/2])
		compileEach(t, list[len(list)/2:])
	}
}

func compile(t *testing.T, m faults.Mutation) error {
	t.Helper()
	overlay, err := m.Overlay(faults.Root(), t.TempDir())
	if err != nil {
		return err
	}
	build := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"build", "-overlay", overlay, "-gcflags=-l -dwarf=false"}, packages(m))...)
	build.Dir, build.Env = faults.Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// batches divides mutations so that those of a batch can be applied together, as few batches as
// the first fit gives.
func batches(all []faults.Mutation) (list [][]faults.Mutation) {
	for _, m := range all {
		i := slices.IndexFunc(list, func(b []faults.Mutation) bool {
			_, err := joined(append(slices.Clone(b), m)).Patched(faults.Root())
			return err == nil
		})
		if i < 0 {
			list, i = append(list, nil), len(list)
		}
		list[i] = append(list[i], m)
	}
	return list
}

// joined returns one mutation that does what several do.
func joined(list []faults.Mutation) faults.Mutation {
	all := faults.Mutation{Add: map[string]string{}}
	for _, m := range list {
		all.Edits = append(all.Edits, m.Edits...)
		maps.Copy(all.Add, m.Add)
	}
	return all
}

func packages(m faults.Mutation) []string {
	var dirs []string
	for _, e := range m.Edits {
		if dir := "./" + path.Dir(e.File); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
