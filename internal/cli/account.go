package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
)

func accountCommands(p Process) *cobra.Command {
	return group("account", "Activate your account, reset its password, manage its second factor",
		accountActivate(p), accountReset(p), accountMFA(p))
}

// answers reads what a user types, or the lines of standard input.
type answers struct {
	process Process
	stdin   bool
	lines   *bufio.Reader
}

// stdinFlag lets a command read its answers from standard input; what names them in order.
func stdinFlag(cmd *cobra.Command, p Process, what string) *answers {
	a := &answers{process: p, lines: bufio.NewReader(p.Stdin)}
	cmd.Flags().BoolVar(&a.stdin, "stdin", false, "read the answers from standard input, one per line: "+what)
	return a
}

// get asks a question. The answer to a secret one is not shown.
func (a *answers) get(ctx context.Context, question string, secret bool) (string, error) {
	if a.stdin {
		line, err := a.lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", fmt.Errorf("standard input has no line for %q", strings.TrimSuffix(question, ": "))
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return line, err
	}
	fd, terminal := a.process.terminal()
	switch {
	case !terminal:
		return "", usagef("there is no terminal to prompt on: use --stdin")
	case secret:
		return a.process.askSecret(ctx, fd, question)
	}
	return a.process.ask(ctx, question)
}

// serverFlag adds the flag --server, for commands that need no session. It returns a function that
// makes a client of that server.
func serverFlag(cmd *cobra.Command, p Process) func() (*client.Client, error) {
	p.trustFlags(cmd)
	preset, _ := p.LookupEnv(serverEnv)
	server := cmd.Flags().String("server", preset, "address of the server, such as https://sims.example.com (also "+serverEnv+")")
	return func() (*client.Client, error) {
		if *server == "" {
			return nil, usagef("%s needs --server", cmd.CommandPath())
		}
		address, err := serverAddress(*server)
		if err != nil {
			return nil, err
		}
		common, err := clientOptions(1, *p.trust)
		if err != nil {
			return nil, err
		}
		return client.New(address, common...)
	}
}

func accountActivate(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "activate",
		Short: "Use an activation key: set up an account, or set a new password",
		Long: `Use an activation key. The key of an invitation sets up the account. The key of 'simferry account
reset' sets a new password, which ends every session. The command prompts for the key and the
password, and shows neither.`,
		Example: `  simferry account activate --server https://sims.example.com
  simferry account activate --server https://sims.example.com --stdin < key-and-password.txt`,
		Args: positional(),
	}
	connect, from := serverFlag(cmd, p), stdinFlag(cmd, p, "the key, the password")
	name := cmd.Flags().String("name", "", "your name (default: the name in the invitation)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := connect()
		if err != nil {
			return err
		}
		key, err := from.get(cmd.Context(), "Activation key: ", true)
		if err != nil {
			return err
		}
		password, err := from.newPassword(cmd.Context())
		if err != nil {
			return err
		}
		if err := c.Activate(cmd.Context(), strings.TrimSpace(key), password, *name); err != nil {
			if client.IsForbidden(err) {
				return errors.New("the activation key is unknown, was used or has expired: ask for a new invitation, or run 'simferry account reset'")
			}
			return err
		}
		_, err = fmt.Fprintln(p.Stdout, "The password is set. Sign in with 'simferry login'.")
		return err
	}
	return cmd
}

// newPassword asks twice, because the input is hidden.
func (a *answers) newPassword(ctx context.Context) (string, error) {
	first, err := a.get(ctx, "New password: ", true)
	if err != nil || a.stdin {
		return first, err
	}
	second, err := a.get(ctx, "Once more: ", true)
	if err == nil && first != second {
		err = errors.New("the two passwords differ: try again")
	}
	return first, err
}

func accountReset(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset E-MAIL",
		Short: "Request an activation key by mail, to set a new password",
		Long: `Request an activation key by mail. 'simferry account activate' sets a new password with it.
The output is the same whether or not the account exists.`,
		Example: `  simferry account reset admin@example.com --server https://sims.example.com`,
		Args:    positional("the E-MAIL address"),
	}
	connect := serverFlag(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := connect()
		if err != nil {
			return err
		}
		if err := c.AskPasswordReset(cmd.Context(), args[0]); err != nil {
			if client.IsForbidden(err) {
				return fmt.Errorf("this server sends no mail and cannot reset passwords: ask its operator to run 'simferry user passwd': %w", err)
			}
			return err
		}
		_, err = printf(p.Stdout, "If %s has an account, a key was mailed to it. Use it with: simferry account activate\n", args[0])
		return err
	}
	return cmd
}

func accountMFA(p Process) *cobra.Command {
	return group("mfa", "Show, enrol and remove your second factor", mfaList(p), mfaEnrol(p), mfaRemove(p))
}

func mfaList(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "Show your second factor", Args: positional(),
		Example: `  simferry account mfa list
  simferry account mfa list --output json`,
	}
	name, form := profileFlag(cmd, p), outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, _, err := p.connect(*name)
		if err != nil {
			return err
		}
		keys, err := c.MFAKeys(cmd.Context(), "my")
		if err != nil {
			return err
		}
		a := answer{header: table.Row{"id", "status", "type", "created"}, value: keys}
		for _, k := range keys {
			a.rows = append(a.rows, table.Row{k.ID, k.Status.Description, k.Type.Description, day10(k.CreationDate.Time)})
		}
		return form.print(p.Stdout, a)
	}
	return cmd
}

func mfaEnrol(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enrol",
		Short: "Enrol a second factor: an authenticator app that shows six digits",
		Long: `Enrol a second factor. The command asks for the password again and shows a secret, only once.
Enter it in an authenticator app; the app's first code activates the factor. From then on every
sign-in needs a code.`,
		Example: `  simferry account mfa enrol`,
		Args:    positional(),
	}
	name, from := profileFlag(cmd, p), stdinFlag(cmd, p, "the password, and the code once the secret is printed")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		c, _, err := p.connect(*name)
		if err != nil {
			return err
		}
		password, err := from.get(ctx, "Password: ", true)
		if err != nil {
			return err
		}
		key, err := c.AddMFAKey(ctx, password)
		if err != nil {
			return err
		}
		if _, err := printf(p.Stdout, "Secret  %s\nAddress %s\n", key.SecretKey, key.OTPAuth); err != nil {
			return err
		}
		code, err := from.get(ctx, "Enter one of them in your authenticator app. The code that it shows: ", false)
		if err != nil {
			return err
		}
		if err := c.ActivateMFAKey(ctx, key.ID, strings.ReplaceAll(code, " ", "")); err != nil {
			return fmt.Errorf("the second factor is not active: %w", err)
		}
		_, err = fmt.Fprintln(p.Stdout, "The second factor is active: every sign-in needs a code from now on.")
		return err
	}
	return cmd
}

func mfaRemove(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove ID", Short: "Remove your second factor, by its id", Args: positional("the ID"),
		Long: `Remove your second factor. From then on the password is enough to sign in.
'simferry account mfa list' shows the id.`,
		Example: `  simferry account mfa remove 3`,
	}
	name := profileFlag(cmd, p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, ok := workspaceID(args[0])
		if !ok {
			return usagef("%q is not the id of a second factor: 'simferry account mfa list' shows the id", args[0])
		}
		c, _, err := p.connect(*name)
		if err != nil {
			return err
		}
		if err := c.RemoveMFAKey(cmd.Context(), "my", id); err != nil {
			return err
		}
		_, err = printf(p.Stdout, "Removed the second factor %d.\n", id)
		return err
	}
	return cmd
}

func userInvite(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "invite E-MAIL",
		Short: "Invite a user to a Workspace, over the API",
		Long: `Invite a user to a Workspace, over the API and as the signed-in user. The server mails an activation
key. If it is configured to return the key instead, the command prints the key, only once. The user
enters it with 'simferry account activate'.`,
		Example: `  simferry user invite eve@example.com --role user
  simferry user invite eve@example.com --in "Fleet FR" --role administrator --name "Eve Example"`,
		Args: positional("the E-MAIL address"),
	}
	profile := profileFlag(cmd, p)
	role := newKeyword(fleet.Roles, fleet.Observer)
	cmd.Flags().Var(role, "role", "role in the Workspace: administrator, user or observer")
	in := cmd.Flags().String("in", "", "the Workspace, by id or name (default: your current one)")
	name := cmd.Flags().String("name", "", "name of the invited user (default: the address)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := p.within(cmd.Context(), *profile, *in)
		if err != nil {
			return err
		}
		w, err := c.MyWorkspace(cmd.Context())
		if err != nil {
			return err
		}
		key, err := c.Invite(cmd.Context(), client.Invitation{Username: args[0], Name: *name, Workspace: w.ID, Roles: []int64{int64(role.id)}})
		if err != nil {
			return err
		}
		_, _ = printf(p.Stderr, "Invited %s to %s (%d) as %s.\n", args[0], w.Name, w.ID, role)
		if key != "" {
			_, _ = fmt.Fprintln(p.Stderr, "The activation key is shown only once. Give it to the user:")
			_, err = printf(p.Stdout, "%s\n", key)
		}
		return err
	}
	return cmd
}
