package arch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Package is a node of the import graph, as go list prints it.
type Package struct {
	ImportPath   string
	Imports      []string
	TestImports  []string // of test files in the package
	XTestImports []string // of test files in package x_test
}

// Load lists the packages under dir, which lies in the module.
func Load(ctx context.Context, dir string) ([]Package, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	return decode(out)
}

func decode(list []byte) ([]Package, error) {
	var packages []Package
	for d := json.NewDecoder(bytes.NewReader(list)); ; {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}
