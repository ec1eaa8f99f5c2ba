package limit

import "runtime/debug"

// tightPercent is the GC target percentage (see debug.SetGCPercent) while a long list is in memory.
const tightPercent = 25

// TightGC makes the garbage collector run more often until the returned function is called, to save
// memory. Only the holder of Gates.Lists may call it.
func TightGC() (end func()) {
	was := debug.SetGCPercent(tightPercent)
	return func() { debug.SetGCPercent(was) }
}
