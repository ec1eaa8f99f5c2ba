package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func receivingCodesCommands(p Process) *cobra.Command {
	cmd := group("receiving-codes", "Let others offer SIMs to your Workspace", receivingCodesList(p), receivingCodesCreate(p), receivingCodesRevoke(p))
	cmd.Long = `Without a receiving code, other companies can neither offer SIMs to your Workspace nor find out that
it exists. Make a code, and pass it on outside the system to the company that hands SIMs over to you.`
	return cmd
}

func receivingCodesList(p Process) *cobra.Command {
	l := lister[api.ReceivingCode]{
		cmd: &cobra.Command{
			Use:     "list",
			Short:   "List the receiving codes of your Workspace, the latest first",
			Long:    "List the receiving codes of your Workspace, the latest first. The codes themselves are not stored, so they cannot be shown again.",
			Example: "  simferry receiving-codes list",
			Args:    positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.ReceivingCode], error) {
			return c.ReceivingCodes(ctx, o)
		},
		columns: []column[api.ReceivingCode]{
			{name: "id", of: func(c api.ReceivingCode) any { return c.ID }},
			{name: "status", of: func(c api.ReceivingCode) any { return c.Status }},
			{name: "description", of: func(c api.ReceivingCode) any { return c.Description }},
			{name: "expires", of: func(c api.ReceivingCode) any { return instant(c.ExpiresAt.Time) }},
			{name: "uses", of: func(c api.ReceivingCode) any {
				if c.SingleUse {
					return "one"
				}
				return "any number"
			}},
			{name: "max sims", of: func(c api.ReceivingCode) any {
				if c.MaxSIMs == nil {
					return "any number"
				}
				return thousands(*c.MaxSIMs)
			}},
			{name: "offers", of: func(c api.ReceivingCode) any { return c.OfferCount }},
			{name: "sims", of: func(c api.ReceivingCode) any { return thousands(c.SIMCount) }},
			{name: "user", of: func(c api.ReceivingCode) any { return c.User.Name }},
			{name: "created", wide: true, of: func(c api.ReceivingCode) any { return instant(c.CreatedAt.Time) }},
			{name: "revoked", wide: true, of: func(c api.ReceivingCode) any { return instantOrNone(c.RevokedAt) }},
			{name: "expected sender", wide: true, of: func(c api.ReceivingCode) any { return refID(c.ExpectedSender) }},
		},
	}
	return l.command(p)
}

// refID returns the id of a reference, "" for none.
func refID(r *api.IDRef) any {
	if r == nil || r.ID == nil {
		return ""
	}
	return int64(*r.ID)
}

func receivingCodesCreate(p Process) *cobra.Command {
	var description string
	var many bool
	var most int
	var sender int64
	var expires lastDay
	cmd := overAPI(p, &cobra.Command{
		Use:   "create",
		Short: "Make a receiving code",
		Long: `Make a code with which another company can offer SIMs to your Workspace. The code is printed on
standard output. It is not stored and cannot be shown again. It can be used once, within a week,
unless you say otherwise.`,
		Example: `  simferry receiving-codes create --description "Order 4711" --max-sims 300
  simferry receiving-codes create --reusable --expires 2026-12-31 --sender 100`,
		Args: positional(),
	}, func(ctx context.Context, a *apiCall, _ []string) error {
		r := api.ReceivingCodeRequest{Description: someText(description), SingleUse: api.Some(!many)}
		if a.cmd.Flags().Changed("max-sims") {
			r.MaxSIMs = api.Some(most)
		}
		if a.cmd.Flags().Changed("sender") {
			ref := api.RefTo(sender)
			r.ExpectedSender = &ref
		}
		if at := time.Time(expires); !at.IsZero() {
			r.ExpiresAt = api.Some(at.Format(time.RFC3339))
		}
		made, err := a.client.CreateReceivingCode(ctx, r, newKey())
		if err != nil {
			return err
		}
		if *a.output == asJSON {
			return a.output.print(p.Stdout, answer{value: made})
		}
		_, _ = printf(p.Stderr, "Receiving code %d, valid until %s. It is shown only once:\n", made.ID, instant(made.ExpiresAt.Time))
		a.screen.line("%s", made.Code)
		return nil
	})
	cmd.Flags().StringVar(&description, "description", "", "what the code is for")
	cmd.Flags().BoolVar(&many, "reusable", false, "let several offers be made with the code")
	cmd.Flags().IntVar(&most, "max-sims", 0, "most SIMs of all its offers (default: any number)")
	cmd.Flags().Int64Var(&sender, "sender", 0, "the id of the only Workspace that may use the code (default: any)")
	cmd.Flags().Var(&expires, "expires", "expiry: 2026-12-31 (the end of that day in UTC) or 2026-12-31T18:00:00Z (default: in a week)")
	return cmd
}

func receivingCodesRevoke(p Process) *cobra.Command {
	return overAPI(p, &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a receiving code; offers that were made with it stay",
		Example: "  simferry receiving-codes revoke 7",
		Args:    positional("ID"),
	}, func(ctx context.Context, a *apiCall, args []string) error {
		id, err := idArgument(args[0], "a receiving code", "simferry receiving-codes list")
		if err != nil {
			return err
		}
		if err := a.client.RevokeReceivingCode(ctx, id, newKey()); err != nil {
			return err
		}
		if *a.output == asTable {
			a.screen.line("Receiving code %d is revoked.", id)
		}
		return nil
	})
}
