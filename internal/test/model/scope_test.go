package model_test

import (
	"context"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// scope is one check of rapid as a testing.TB, so that servers and databases live as long
// as the check does, not as long as the test. Only what is here may be called: the
// embedded TB is nil.
type scope struct {
	testing.TB
	rt *rapid.T
}

func (s scope) Cleanup(f func())                  { s.rt.Cleanup(f) }
func (s scope) Context() context.Context          { return s.rt.Context() }
func (s scope) Error(args ...any)                 { s.rt.Error(args...) }
func (s scope) Errorf(format string, args ...any) { s.rt.Errorf(format, args...) }
func (s scope) Failed() bool                      { return s.rt.Failed() }
func (s scope) Fatal(args ...any)                 { s.rt.Fatal(args...) }
func (s scope) Fatalf(format string, args ...any) { s.rt.Fatalf(format, args...) }
func (s scope) Helper()                           {}
func (s scope) Log(args ...any)                   { s.rt.Log(args...) }
func (s scope) Logf(format string, args ...any)   { s.rt.Logf(format, args...) }
func (s scope) Name() string                      { return s.rt.Name() }

func (s scope) TempDir() string { return memoryDir(s) }

// memoryDir returns a directory that is removed with the test. It is in memory if the machine
// has such a place: surviving a power cut is proved elsewhere.
func memoryDir(t testing.TB) string {
	t.Helper()
	memory := "/dev/shm"
	if _, err := os.Stat(memory); err != nil {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "modeltest") //nolint:usetesting // the test's own is on a disk
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
