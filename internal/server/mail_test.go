package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/test/kit/smtptest"
)

// mailing returns a configuration that sends mail to a test server, and has one Administrator.
func mailing(t *testing.T, office *smtptest.Server) config.Config {
	t.Helper()
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := settings(t)
	cfg.SMTPURL, cfg.SMTPPassword, cfg.SMTPCA = "smtp://"+smtptest.User+"@"+office.Address, write("password", smtptest.Password), office.CA
	cfg.MailFrom = "Simferry <simferry@example.com>"
	cfg.Seed = write("world.yaml", `
workspaces:
  - {id: 100, name: Fleet DE, type: enterprise, country: DE}
users:
  - {id: 1, username: admin@example.com, name: Admin, password: correct horse, status: active, default_workspace: 100, roles: {100: administrator}}
`)
	return cfg
}

// keyIn returns the activation key in a mail.
func keyIn(t *testing.T, l smtptest.Message) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^    ([0-9A-Za-z_-]{40,})\r?$`).FindStringSubmatch(strings.ReplaceAll(l.Text, "=\r\n", ""))
	if found == nil {
		t.Fatalf("no key in\n%s", l.Text)
	}
	return found[1]
}

// An invitation is stored until its mail is sent. The recipient sets a password with its
// key, and another one with the key of a password reset.
func TestInvitationArrivesByMail(t *testing.T) {
	office := smtptest.Open(t, true, nil)
	s, _ := start(t.Context(), t, mailing(t, office))
	with := func(options ...client.Option) *client.Client {
		c, err := client.New("http://"+s.Addr(), append(options, client.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}))...)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	as := func(name, password string) *client.Client { return with(client.WithPassword(name, password)) }
	admin := as("admin@example.com", "correct horse")
	key, err := admin.Invite(t.Context(), client.Invitation{Username: "zoe@example.com", Name: "Zoë", Roles: []int64{2}})
	if err != nil || key != "" {
		t.Fatalf("the inviter got %q, %v", key, err)
	}
	letter := office.Await(t)
	if letter.To != "zoe@example.com" || !letter.Secure {
		t.Errorf("%+v", letter)
	}
	nobody, zoe := with(), as("zoe@example.com", "battery staple")
	if err := nobody.Activate(t.Context(), keyIn(t, letter), "battery staple", ""); err != nil {
		t.Fatal(err)
	}
	if w, err := zoe.MyWorkspace(t.Context()); err != nil || w.ID != 100 {
		t.Errorf("%+v, %v", w, err)
	}
	if err := nobody.AskPasswordReset(t.Context(), "zoe@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := nobody.Activate(t.Context(), keyIn(t, office.Await(t)), "staple battery", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := as("zoe@example.com", "battery staple").MyWorkspace(t.Context()); !client.IsUnauthorized(err) {
		t.Errorf("with the old password: %v", err)
	}
	if _, err := as("zoe@example.com", "staple battery").MyWorkspace(t.Context()); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}
