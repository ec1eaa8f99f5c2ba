package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is a simferry that runs in a process of its own. Its output is in a file.
type program struct {
	*exec.Cmd
	output string
	ended  chan struct{}
	err    error // of the process, once it has ended
	end    sync.Once
}

// hangupsReachPrograms makes the programs that tests start end on SIGHUP even if this process
// ignores it, as under nohup. A process that has a handler passes on the default.
var hangupsReachPrograms = sync.OnceFunc(func() {
	if signal.Ignored(syscall.SIGHUP) {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
})

// startProgram runs a command of simferry in dir.
func startProgram(t testing.TB, dir string, env []string, args ...string) *program {
	t.Helper()
	p := &program{output: filepath.Join(dir, args[0]+".log"), ended: make(chan struct{})}
	output, err := os.Create(p.output)
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd = exec.CommandContext(context.Background(), "simferry", args...)
	p.Dir, p.Env, p.Stdout, p.Stderr = dir, env, output, output
	p.run(t, output)
	return p
}

// run starts the program. The test's end stops it.
func (p *program) run(t testing.TB, output *os.File) {
	t.Helper()
	hangupsReachPrograms()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = errors.Join(p.Wait(), output.Close())
		close(p.ended)
	}()
	t.Cleanup(func() { p.stop(t) })
}

// stop ends the program in order, once.
func (p *program) stop(t testing.TB) {
	t.Helper()
	p.end.Do(func() {
		_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
		<-p.ended
		if p.err != nil {
			t.Errorf("%s ended with %v:\n%s", p.Args[1], p.err, p.text(t))
		}
	})
}

// text returns what the program has printed.
func (p *program) text(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(p.output)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// await waits until find returns something for what the program has printed.
func (p *program) await(t testing.TB, find func(text string) string) string {
	t.Helper()
	poll, timeout := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer poll.Stop()
	for {
		if found := find(p.text(t)); found != "" {
			return found
		}
		select {
		case <-poll.C:
		case <-p.ended:
			if found := find(p.text(t)); found != "" {
				return found
			}
			t.Fatalf("%s ended with %v:\n%s", p.Args[1], p.err, p.text(t))
		case <-timeout:
			t.Fatalf("%s is not ready after %v:\n%s", p.Args[1], patience, p.text(t))
		}
	}
}

// startServer runs a server with a port of its own on the database of dir.
func startServer(t testing.TB, dir string, args ...string) *program {
	t.Helper()
	p := startProgram(t, dir, nil, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	p.address(t, "listening")
	return p
}

// address waits for the line of the log that has an address with a message, and returns it.
func (p *program) address(t testing.TB, message string) string {
	t.Helper()
	return p.await(t, func(text string) string { return addressOf(text, message) })
}

// addressOf finds the address in a log; "" until it is there.
func addressOf(log, message string) string {
	for line := range strings.Lines(log) {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == message {
			return entry.Address
		}
	}
	return ""
}
