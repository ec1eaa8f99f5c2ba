// Package traffic is shared by the fault harnesses: a small fleet, clients that move its SIMs and
// keep a journal, and the comparison of that journal with the database afterwards (I5, I6, I7).
//
// It finds the ledger entry of a request by the reply, the key or the effect, never by the time.
// So it works while the clock jumps, after each of many faults, and on a database as it was at any
// moment. The price is that it sends migrations only. Package load sends all kinds of writes and
// finds their entries by user and time; its journal is on disk. One package could do both, if its
// comparison took a request's entry from whichever of these is known.
//
// The journal is kept in memory: the process that keeps it is not killed.
package traffic
