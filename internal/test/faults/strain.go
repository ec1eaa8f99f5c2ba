package faults

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// LoadMeter is the start of a measurement of how busy the machine is. Lateness on a machine whose
// processors are busy with other work is not a finding.
type LoadMeter struct{ busy, all uint64 }

// busyLimit is the share of busy processors above which times prove nothing.
const busyLimit = 0.95

// Measure begins a measurement.
func Measure() LoadMeter {
	s, _ := read("/proc/stat") // without /proc/stat the machine counts as idle
	return s
}

// Busy returns the share of the processors' time that was used since, by any program, or
// withheld by the host: from 0 to 1. It is 0 if that is unknown.
func (s LoadMeter) Busy() float64 {
	now := Measure()
	if now.all <= s.all {
		return 0
	}
	return float64(now.busy-s.busy) / float64(now.all-s.all)
}

// Late records that something was too late, measured since the strain began. If the machine was
// busy all the time the result is void instead.
func (r *Result) Late(s LoadMeter, format string, args ...any) {
	if busy := s.Busy(); busy >= busyLimit {
		r.Void("the processors were %.0f %% busy, so this shows nothing: %s", 100*busy, fmt.Sprintf(format, args...))
		return
	}
	r.Fail(format, args...)
}

// Void makes the result void, unless it has failures.
func (r *Result) Void(format string, args ...any) {
	r.VoidReasons = append(r.VoidReasons, fmt.Sprintf(format, args...))
}

// read reads the times of all processors, in ten columns. Waiting for a disk counts as busy,
// because the disk is shared as well. Time of low-priority programs does not count, unless this
// program has a low priority too: they run only on idle processors.
func read(file string) (s LoadMeter, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	const nice, idle, last = 2, 4, 8 // user, nice, system, idle, disk, interrupts (two), withheld
	for i, field := range bytes.Fields(first) {
		n, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil || i > last {
			continue // the name, and guest times, which other columns include
		}
		s.all += n
		if i != idle && (i != nice || lowered) {
			s.busy += n
		}
	}
	return s, nil
}

// lowered reports whether this program has a lower priority than usual.
var lowered = func() bool {
	usual := 20 // as the kernel encodes it: 20 minus the nice value
	p, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return err == nil && runtime.GOOS == "linux" && p < usual
}()
