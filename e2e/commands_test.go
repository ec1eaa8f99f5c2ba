package e2e_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for a server to say that it listens.
const patience = 20 * time.Second

// listening LOG VAR waits until a server's log says where it listens, and sets VAR to it.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listening LOG VAR")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		if address := addressIn(ts.MkAbs(args[0])); address != "" {
			ts.Setenv(args[1], address)
			return
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			text, err := os.ReadFile(ts.MkAbs(args[0]))
			ts.Fatalf("it does not listen after %v: %s %v", patience, text, err)
		}
	}
}

// addressIn finds the address in a file with a log; "" until it is there.
func addressIn(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return addressOf(string(text), "listening")
}

// terminate sends SIGTERM to what runs in the background; kill knows other signals only.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// hangup sends SIGHUP to what runs in the background, and waits until FILE says so.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup FILE")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGHUP))
	}
	for until := time.Now().Add(patience); time.Now().Before(until); {
		if strings.Contains(ts.ReadFile(args[0]), "reloaded the files") {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not say that the files were reloaded", args[0])
}

// get URL prints the body of the answer; negated, it wants no server to be there.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] get URL")
	}
	body, err := fetch(args[0])
	switch {
	case neg && err == nil:
		ts.Fatalf("a server already responds: %s", body)
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	}
	_, err = io.WriteString(ts.Stdout(), body)
	ts.Check(err)
}

func fetch(url string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp.Status + "\n" + string(body), errors.Join(err, resp.Body.Close())
}

// exits CODE PROGRAM ARGS runs a program and wants exactly that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := "0"
	err := ts.Exec(args[1], args[2:]...)
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		code = strconv.Itoa(ended.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}
