package storetest

import (
	"os"
	"strconv"
	"testing"
)

// SizeOf returns the number in an environment variable, or the usual one if it is not set.
func SizeOf(b *testing.B, name string, usual int) int {
	b.Helper()
	text, set := os.LookupEnv(name)
	if !set {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}
