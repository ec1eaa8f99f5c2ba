package trust

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// Strain is an instant from which on one asks how busy the machine was. What is late on a
// machine whose processors others keep busy is no finding.
type Strain struct{ busy, all uint64 }

// strained is the share of busy processors from which on nothing can be said about time.
const strained = 0.95

// Measure begins now.
func Measure() Strain {
	s, _ := read("/proc/stat") // elsewhere than on Linux nobody knows: then time counts
	return s
}

// Busy is the share of the processors' time that was used since, by whomever, or kept back
// by the machine below this one: from 0, which it is also where nobody knows, to 1.
func (s Strain) Busy() float64 {
	now := Measure()
	if now.all <= s.all {
		return 0
	}
	return float64(now.busy-s.busy) / float64(now.all-s.all)
}

// Late notes that something came too late, measured from the instant of the strain on. On
// a machine that was busy all the while the result is void.
func (r *Result) Late(s Strain, format string, args ...any) {
	if busy := s.Busy(); busy >= strained {
		r.Doubt("the processors were %.0f %% busy, so this shows nothing: %s", 100*busy, fmt.Sprintf(format, args...))
		return
	}
	r.Fail(format, args...)
}

// Doubt makes the result void, where it has no failures.
func (r *Result) Doubt(format string, args ...any) {
	r.Doubts = append(r.Doubts, fmt.Sprintf(format, args...))
}

// read reads the times of all processors, which are ten columns. Waiting for a disk counts
// as busy, for that is shared as well. What programs of a lower priority use does not, but
// where this one is among them: they are let in when nobody else wants the processor.
func read(file string) (s Strain, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	const nice, idle, last = 2, 4, 8 // user, nice, system, idle, disk, interrupts (two), kept back
	for i, field := range bytes.Fields(first) {
		n, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil || i > last {
			continue // the name, and what is counted elsewhere already
		}
		s.all += n
		if i != idle && (i != nice || lowered) {
			s.busy += n
		}
	}
	return s, nil
}

// lowered tells that this program has a lower priority than usual.
var lowered = func() bool {
	usual := 20 // as the kernel tells it: 20 less what nice says
	p, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return err == nil && runtime.GOOS == "linux" && p < usual
}()
