package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mutation is a bug that is built into a program to show that a harness catches it. The
// sources stay as they are: the compiler reads patched copies through `go build -overlay`.
// The zero value changes nothing.
type Mutation struct {
	Name    string            // words joined by underscores
	Summary string            // what the mutated program does wrong
	Edits   []Edit            // applied in order; each must match exactly once
	Add     map[string]string // files to add, by their path in the tree
}

// Edit replaces one piece of text of a file.
type Edit struct {
	File string // path in the tree
	Old  string // must occur exactly once
	New  string
}

// IsZero reports whether the mutation changes nothing.
func (m Mutation) IsZero() bool { return len(m.Edits) == 0 && len(m.Add) == 0 }

// Patched returns the contents of the files that the mutation changes or adds, by their
// path in the tree. It fails if an edit does not match exactly once, as it does after the
// edited code has changed: then the edit has to follow it.
func (m Mutation) Patched(root string) (map[string]string, error) {
	files := make(map[string]string, len(m.Edits)+len(m.Add))
	for _, e := range m.Edits {
		text, seen := files[e.File]
		if !seen {
			raw, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, fmt.Errorf("mutation %s: %w", m.Name, err)
			}
			text = string(raw)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("mutation %s: %s has %d matches of %q, want 1: adapt the edit to the code", m.Name, e.File, n, e.Old)
		}
		files[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	for name, text := range m.Add {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			return nil, fmt.Errorf("mutation %s adds %s, which exists", m.Name, name)
		}
		files[name] = text
	}
	return files, nil
}

// Overlay writes the patched files into dir, and with them the file that `go build
// -overlay` reads. It returns that file's path.
func (m Mutation) Overlay(root, dir string) (string, error) {
	files, err := m.Patched(root)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string, len(files))
	for name, text := range files {
		copied := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, name)] = copied
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, raw, 0o600)
}
