//go:build !linux

package store

import "syscall"

// limitUnacknowledged does nothing: only Linux has this option. Keepalives must do.
func limitUnacknowledged(string, string, syscall.RawConn) error { return nil }
