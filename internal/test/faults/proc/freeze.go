package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
)

// freezeLimit is how long a thread may wait for its disk before it can be stopped.
const freezeLimit = 10 * time.Second

// Freeze stops every thread of the process, so that its locks can be inspected before it is
// killed.
func (s *Server) Freeze() error {
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		return err
	}
	for until := time.Now().Add(freezeLimit); time.Now().Before(until); faults.Pause(context.Background(), 100*time.Microsecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID))
		if err != nil {
			return err
		}
		if state(stat) == 'T' {
			return nil
		}
	}
	return errors.New("the server does not freeze")
}

// state returns the letter after the program's name, which is in parentheses.
func state(stat []byte) byte {
	if end := bytes.LastIndex(stat, []byte(") ")); end >= 0 && end+2 < len(stat) {
		return stat[end+2]
	}
	return 0
}
