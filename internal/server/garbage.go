package server

import (
	"os"
	"runtime/debug"
)

// CollectLess lets the heap grow to five times what is in use before it is collected. What
// a server keeps is small and what a request leaves behind is not, so that with Go's own
// setting every tenth answer of 500 SIMs waits for a collection. It is for the whole
// process, so `serve` calls it; GOGC in the environment has precedence.
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
