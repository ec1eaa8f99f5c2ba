package proc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// WriteWorld writes a world file into a folder and returns its name.
func WriteWorld(dir, world string) (file string, err error) {
	file = filepath.Join(dir, "world.yaml")
	return file, os.WriteFile(file, []byte(world), 0o600)
}

// Seed adds a world to a database, with the program itself.
func Seed(ctx context.Context, binary, database, world string) (err error) {
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file, err := WriteWorld(dir, world)
	if err == nil {
		_, err = Run(ctx, binary, "seed", file, "--database", database)
	}
	return err
}
