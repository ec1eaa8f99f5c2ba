//go:build !linux

package store

import "syscall"

// limitUnacknowledged does nothing: only Linux has this option. Keepalives have to suffice.
func limitUnacknowledged(string, string, syscall.RawConn) error { return nil }
