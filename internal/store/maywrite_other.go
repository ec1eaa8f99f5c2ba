//go:build !unix

package store

// mayWrite leaves it to the write that is tried next.
func mayWrite(string) error { return nil }
