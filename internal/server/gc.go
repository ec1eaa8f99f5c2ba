package server

import (
	"os"
	"runtime/debug"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/limit"
)

// defaultMemory is the limit outside of containers. A server needs much less.
const defaultMemory = 160 << 20

// TuneGC lets the heap grow to five times the live memory before a garbage collection, as
// long as the process stays below its memory limit. A server has little live memory and much
// garbage from requests, so that with Go's default every tenth response with 500 SIMs waits for
// a collection. It affects the whole process, so only `serve` calls it; GOGC and GOMEMLIMIT in
// the environment have precedence. It returns the limit in bytes, 0 for none.
func TuneGC(cfg config.Config) int64 {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return debug.SetMemoryLimit(-1)
	}
	limit := memoryLimit(cfg.Limits.Memory)
	if limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	return limit
}

func memoryLimit(setting string) int64 {
	switch setting {
	case config.MemoryOff:
		return 0
	case config.MemoryAuto:
		if n, ok := limit.ContainerMemory(os.DirFS("/")); ok {
			return n / 5 * 4
		}
		return defaultMemory
	}
	n, err := config.ParseSize(setting)
	if err != nil {
		return 0 // unreachable after Validate
	}
	return n
}
