package limit

import "runtime/debug"

// tightPercent is how much garbage may be in memory while a long list is, in percent of the rest.
const tightPercent = 25

// Tight lets the process keep less garbage, at the cost of time, until the returned function is
// called. Only the holder of Gates.Lists may call it.
func Tight() (end func()) {
	was := debug.SetGCPercent(tightPercent)
	return func() { debug.SetGCPercent(was) }
}
