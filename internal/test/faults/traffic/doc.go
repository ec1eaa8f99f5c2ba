// Package traffic is what the harnesses of faults have in common: a small fleet, a server
// process over it, clients that move its SIMs and keep a journal, and the comparison of
// that journal with the database afterwards (I5, I6, I7).
//
// The journal is memory: the process that keeps it is not the one that is killed.
package traffic
