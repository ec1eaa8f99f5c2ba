//go:build unix

package store

import "syscall"

const writePermission = 2 // W_OK

func mayWrite(path string) error { return syscall.Access(path, writePermission) }
