package cli_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// typist answers the questions of an enrolment: the password, and then the code of the
// secret that was printed.
type typist struct {
	s     *kit.Server
	out   *bytes.Buffer
	typed int
}

var printedSecret = regexp.MustCompile(`Secret\s+(\S+)`)

func (y *typist) Read(p []byte) (int, error) {
	y.typed++
	if y.typed == 1 {
		return copy(p, kit.Password+"\n"), nil
	}
	m := printedSecret.FindStringSubmatch(y.out.String())
	if m == nil {
		return copy(p, "000000\n"), nil
	}
	return copy(p, kit.NewAuthenticator(y.s, m[1]).Code()+"\n"), nil
}

// A person is invited, opens the account, enrols a second factor and removes it, without
// leaving the terminal.
func TestAccountFromTheTerminal(t *testing.T) {
	s := kit.StartWith(t, kit.SQLite.FerryURL(t), kit.NewClock(), control.Options{Deliver: control.DeliverToInviter})
	admin, eve := newPerson(t), newPerson(t)
	admin.login(s.URL, "admin@example.com")
	invited := admin.run("", "user", "invite", "eve@example.com", "--role", "user", "--in", "Fleet DE")
	if invited.code != 0 || !strings.Contains(invited.errors, "Invited eve@example.com to Fleet DE (100) as user") || len(invited.out) < 20 {
		t.Fatalf("%+v", invited)
	}
	if got := eve.run("no-such-key\n"+kit.Password+"\n", "account", "activate", "--server", s.URL, "--stdin"); got.code != 1 || !strings.Contains(got.errors, "unknown, was used or has expired") {
		t.Errorf("a wrong key: %+v", got)
	}
	if got := eve.run(invited.out+kit.Password+"\n", "account", "activate", "--server", s.URL, "--stdin"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	eve.login(s.URL, "eve@example.com")
	if got := eve.run("", "sims", "--limit", "1"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	var out, errs bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{
		Args: []string{"account", "mfa", "enrol", "--stdin"}, Stdin: &typist{s: s, out: &out}, Stdout: &out, Stderr: &errs,
		LookupEnv: func(name string) (string, bool) { v, ok := eve.env[name]; return v, ok },
	})
	if code != 0 || !strings.Contains(out.String(), "is active") || !strings.Contains(out.String(), "otpauth://") {
		t.Fatalf("%d %s%s", code, out.String(), errs.String())
	}
	if got := eve.run(kit.Password+"\n", "login", "--server", s.URL, "--username", "eve@example.com", "--password-stdin", "--profile", "two"); got.code == 0 || !strings.Contains(got.errors, "second factor") {
		t.Errorf("signed in without the code: %+v", got)
	}
	list := eve.run("", "account", "mfa", "list")
	id := regexp.MustCompile(`(?m)^\s*(\d+)  Active`).FindStringSubmatch(list.out)
	if id == nil {
		t.Fatalf("%+v", list)
	}
	if got := eve.run("", "account", "mfa", "remove", id[1]); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := eve.run("", "account", "mfa", "list", "--output", "json"); strings.TrimSpace(got.out) != "[]" {
		t.Errorf("%+v", got)
	}
	if got := eve.run("", "account", "mfa", "enrol"); got.code != 2 || !strings.Contains(got.errors, "use --stdin") {
		t.Errorf("without a terminal: %+v", got)
	}
}

// A reset does not reveal whether a user exists, and says what to do if the server sends no mail.
func TestAccountReset(t *testing.T) {
	mailing := kit.StartFerry(t, kit.SQLite)
	for _, username := range []string{"admin@example.com", "nobody@example.com"} {
		if got := newPerson(t).run("", "account", "reset", username, "--server", mailing.URL); got.code != 0 || !strings.Contains(got.out, "a key was mailed to it") {
			t.Errorf("%s: %+v", username, got)
		}
	}
	mute := kit.StartWith(t, kit.SQLite.FerryURL(t), kit.NewClock(), control.Options{Deliver: control.DeliverToInviter})
	if got := newPerson(t).run("", "account", "reset", "admin@example.com", "--server", mute.URL); got.code != 1 || !strings.Contains(got.errors, "simferry user passwd") {
		t.Errorf("%+v", got)
	}
}
