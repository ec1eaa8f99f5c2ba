// Package tracer runs a program and stands between it and the kernel: it sees every system
// call that changes a file or sends an answer, in one order over all threads, and may have
// one fail, fall short, or be the last. The program is the one that is shipped, unchanged.
//
// It needs no other tool and no privilege, but Linux on amd64.
package tracer
