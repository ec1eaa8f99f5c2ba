package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/profile"
)

// login is one sign-in.
type login struct {
	process     Process
	server      string
	username    string
	code        string
	stdin       bool // the password comes from there
	application bool // an application token comes from there
	browser     bool // the user approves in the console
	trust       trust
}

func loginCommand(p Process) *cobra.Command {
	l := login{process: p}
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in to a server and keep the session",
		Long: `Sign in to a server and store the session in a file that only you may read. The commands that work
with a server use it: 'simferry help' lists them.

The command prompts for the password and, if the user has a second factor, for its code. It shows
and stores neither. It stores the tokens of the session, which renew themselves. Use profiles to
keep several sessions at the same time.

With --browser it needs no password: it shows an address and a code, and you approve in the console,
in a browser on any machine. This also works over SSH and in containers.`,
		Example: `  simferry login --server https://sims.example.com
  simferry login --server https://sims.example.com --browser
  simferry login --server https://sims.example.com --username admin@example.com --password-stdin < password.txt
  simferry login --server https://lab.example.com --profile lab --application-token-stdin < token.txt`,
		Args: positional(),
	}
	name := profileFlag(cmd, p)
	preset, _ := p.LookupEnv(serverEnv)
	cmd.Flags().StringVar(&l.server, "server", preset, "address of the server, such as https://sims.example.com or localhost:8080 (also "+serverEnv+"; default: that of the profile)")
	cmd.Flags().StringVar(&l.username, "username", "", "user name (default: prompt for it)")
	cmd.Flags().StringVar(&l.code, "code", "", "code of the second factor (default: prompt for it when needed)")
	cmd.Flags().BoolVar(&l.stdin, "password-stdin", false, "read the password from the first line of standard input")
	cmd.Flags().BoolVar(&l.application, "application-token-stdin", false, "sign in as a program: read its token from standard input")
	cmd.Flags().BoolVar(&l.browser, "browser", false, "sign in without a password: approve in the console, in any browser")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "application-token-stdin", "browser")
	cmd.MarkFlagsMutuallyExclusive("browser", "username")
	cmd.MarkFlagsMutuallyExclusive("browser", "code")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return l.run(cmd.Context(), *name) }
	return cmd
}

func (l *login) run(ctx context.Context, name string) error {
	if err := profile.CheckName(name); err != nil {
		return &usageError{err}
	}
	store, err := l.process.profiles()
	if err != nil {
		return err
	}
	l.trust = *l.process.trust
	if l.server == "" {
		known, _ := store.Load(name) // none is as good as one without a server
		l.trust = l.trust.orStored(known)
		if l.server = known.Server; l.server == "" {
			return usagef("simferry login needs --server")
		}
	}
	if l.server, err = serverAddress(l.server); err != nil {
		return err
	}
	if l.trust, err = l.trust.absolute(); err != nil {
		return err
	}
	common, err := clientOptions(1, l.trust)
	if err != nil {
		return err
	}
	c, err := client.New(l.server, common...)
	if err != nil {
		return &usageError{err}
	}
	signedIn, err := l.signIn(ctx, c)
	if err != nil {
		return err
	}
	if err := store.Save(name, signedIn); err != nil {
		return err
	}
	if l.browser {
		if err := l.learnUsername(ctx, store, name); err != nil {
			return err
		}
	}
	return l.showSession(ctx, name)
}

// serverAddress completes what was typed as --server. Without a scheme it is https, on this
// machine http.
func serverAddress(text string) (string, error) {
	address := strings.TrimSpace(text)
	if !strings.Contains(address, "://") {
		scheme := "https://"
		if u, err := url.Parse(scheme + address); err == nil && loopback(u.Hostname()) {
			scheme = "http://"
		}
		address = scheme + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " ,") || u.Scheme != "http" && u.Scheme != "https" {
		return "", usagef("--server: it must be the address of a server, such as https://sims.example.com or localhost:8080")
	}
	if u.User != nil {
		return "", usagef("--server: it must not contain a user name or a password: use --username, and type the password when the command prompts for it")
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(address, "#") {
		return "", usagef("--server: it must end with its path, without ? and #")
	}
	return address, nil
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (l *login) signIn(ctx context.Context, c *client.Client) (profile.Profile, error) {
	p := profile.Profile{Server: l.server, CAFile: l.trust.file, SkipVerify: l.trust.insecure}
	var got *api.AuthResponse
	var err error
	switch {
	case l.browser:
		got, err = l.inBrowser(ctx, c)
	case l.application:
		if p.ApplicationToken, err = l.firstLine(); err == nil {
			got, err = c.AuthenticateApplication(ctx, p.ApplicationToken)
		}
	default:
		got, err = l.user(ctx, c)
		p.Username = l.username
	}
	if err != nil {
		return p, refusedSignIn(err)
	}
	p.Keep(got, time.Now())
	return p, nil
}

func (l *login) user(ctx context.Context, c *client.Client) (*api.AuthResponse, error) {
	fd, terminal := l.process.terminal()
	if l.username == "" {
		if !terminal {
			return nil, usagef("there is no terminal to prompt on: use --username, or --browser")
		}
		var err error
		if l.username, err = l.process.ask(ctx, "User name (e-mail): "); err != nil {
			return nil, err
		}
	}
	password, err := l.password(ctx, fd, terminal)
	if err != nil {
		return nil, err
	}
	got, err := c.AuthenticateUser(ctx, l.username, password)
	if err != nil || got.MFAToken == "" {
		return got, err
	}
	if l.code == "" {
		if !terminal || l.stdin {
			return nil, usagef("a second factor is required: use --code")
		}
		if l.code, err = l.process.ask(ctx, "Code of the second factor: "); err != nil {
			return nil, err
		}
	}
	return c.AuthenticateSecondFactor(ctx, got.MFAToken, strings.ReplaceAll(l.code, " ", ""))
}

func (l *login) password(ctx context.Context, fd int, terminal bool) (string, error) {
	switch {
	case l.stdin:
		return l.firstLine()
	case !terminal:
		return "", usagef("there is no terminal to prompt for the password on: use --password-stdin, or --browser")
	}
	return l.process.askSecret(ctx, fd, "Password: ")
}

func (l *login) firstLine() (string, error) {
	const longest = 64 << 10
	line, err := bufio.NewReader(io.LimitReader(l.process.Stdin, longest)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("standard input: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("standard input: the first line is empty, but must hold the secret")
	}
	return line, nil
}

// refusedSignIn adds to a refused sign-in the hints that the server, for security, does not give.
func refusedSignIn(err error) error {
	switch refused, ok := errors.AsType[*client.APIError](err); {
	case client.IsTooManyRequests(err) && ok && refused.RetryAfter > 0:
		return fmt.Errorf("sign-in is locked after too many attempts: try again in %v", refused.RetryAfter.Round(time.Second))
	case client.IsTooManyRequests(err):
		return errors.New("sign-in is locked after too many attempts: try again in a few minutes")
	case client.IsUnauthorized(err):
		return errors.New("not signed in: the user name, password or code is wrong, or the user is not active")
	}
	return err
}

// learnUsername keeps the name of the user who approved this terminal. Some roles may not read it.
func (l *login) learnUsername(ctx context.Context, store profile.Store, name string) error {
	c, known, err := l.process.connect(name)
	if err != nil {
		return err
	}
	me, err := c.User(ctx, "my")
	if client.IsForbidden(err) {
		return nil
	}
	if err != nil {
		return err
	}
	known.Username = me.Username
	return store.Save(name, known)
}

// showSession shows that the session works.
func (l *login) showSession(ctx context.Context, name string) error {
	c, known, err := l.process.connect(name)
	if err != nil {
		return err
	}
	w, err := c.MyWorkspace(ctx)
	if err != nil {
		return err
	}
	_, err = printf(l.process.Stdout, "Signed in to %s as %s, in the Workspace %s (%d).\n", known.Server, signedInAs(known), w.Name, w.ID)
	return err
}

func signedInAs(p profile.Profile) string {
	if p.ApplicationToken != "" {
		return "a program"
	}
	return cmp.Or(p.Username, "the user who approved it")
}

func logoutCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Forget a session",
		Long: `Forget a session: its tokens are deleted from this machine, and the server is asked to end the
session. On a server that cannot do that, the tokens are valid until they expire.`,
		Example: `  simferry logout
  simferry logout --profile lab`,
		Args: positional(),
	}
	name := profileFlag(cmd, p)
	everywhere := cmd.Flags().Bool("everywhere", false, "also end every other session of the user, on all machines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := p.profiles()
		if err != nil {
			return err
		}
		if err := p.endSession(cmd.Context(), *name, *everywhere); err != nil {
			return err
		}
		if err := store.Remove(*name); err != nil {
			return err
		}
		_, err = printf(p.Stdout, "Signed out of the profile %s.\n", *name)
		return err
	}
	return cmd
}

// endSession ends the session on the server if it can be reached. Otherwise it prints a warning
// and removes the tokens here, unless all sessions were to end.
func (p Process) endSession(ctx context.Context, name string, everywhere bool) error {
	c, known, err := p.connect(name, client.WithRetry(client.NoRetry))
	if errors.Is(err, profile.ErrNone) || err == nil && known.ApplicationToken != "" {
		return nil
	}
	if err == nil {
		err = c.Logout(ctx, everywhere)
	}
	if err == nil || errors.Is(err, client.ErrSessionEnded) {
		return nil
	}
	if everywhere {
		return fmt.Errorf("the other sessions are still valid: %w", err)
	}
	_, _ = printf(p.Stderr, "The server did not end the session; its tokens are valid until they expire: %v\n", err)
	return nil
}
