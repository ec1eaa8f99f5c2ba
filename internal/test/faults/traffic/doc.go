// Package traffic is shared by the fault harnesses: a small fleet, a server process over it,
// clients that move its SIMs and keep a journal, and the comparison of that journal with the
// database afterwards (I5, I6, I7).
//
// The journal is kept in memory: the process that keeps it is not killed.
package traffic
