//go:build !unix

package store

// mayWrite does not check: the next write fails if it is not permitted.
func mayWrite(string) error { return nil }
