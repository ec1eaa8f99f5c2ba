// Package tracer runs a program under ptrace. It sees every system call that changes a file or
// sends a reply, in one order over all threads, and can make one fail, fall short, or be the
// last. The program is the released one, unchanged.
//
// It needs no other tool and no privilege, but Linux on amd64.
package tracer
