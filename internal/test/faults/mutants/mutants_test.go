package mutants_test

import (
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
		if m.Does == "" || m.IsZero() {
			t.Errorf("%s: it needs a description and an edit", m.Name)
		}
		if _, err := m.Patched(faults.Root()); err != nil {
			t.Error(err)
		}
	}
}

// TestMutantsCompile builds the packages that the mutations change. Mutations of different
// files share a build, because a build costs seconds.
func TestMutantsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short does not compile mutants")
	}
	for _, m := range batches(mutants.All()) {
		overlay, err := m.Overlay(faults.Root(), t.TempDir())
		if err != nil {
			t.Error(err)
			continue
		}
		build := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"build", "-overlay", overlay, "-gcflags=-l -dwarf=false"}, packages(m))...)
		build.Dir, build.Env = faults.Root(), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("one of %s does not compile: %v\n%s", m.Name, err, out)
		}
	}
}

// batches joins mutations that edit different files, as few batches as the first fit gives.
func batches(all []faults.Mutation) []faults.Mutation {
	var joined []faults.Mutation
	for _, m := range all {
		i := slices.IndexFunc(joined, func(b faults.Mutation) bool { return !overlap(b, m) })
		if i < 0 {
			joined = append(joined, faults.Mutation{Add: map[string]string{}})
			i = len(joined) - 1
		}
		joined[i].Name += " " + m.Name
		joined[i].Edits = append(joined[i].Edits, m.Edits...)
		maps.Copy(joined[i].Add, m.Add)
	}
	return joined
}

func overlap(a, b faults.Mutation) bool {
	for _, e := range b.Edits {
		if slices.ContainsFunc(a.Edits, func(o faults.Edit) bool { return o.File == e.File }) {
			return true
		}
	}
	return false
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
