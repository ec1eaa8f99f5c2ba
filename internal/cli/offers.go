package cli

import (
	"context"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
)

func offersCommands(p Process) *cobra.Command {
	cmd := group("offers", "Offer SIMs to another company, and answer its offers",
		offersList(p), offersShow(p), offersSIMs(p), offersMake(p), offersAccept(p), offersRefuse(p), offersCancel(p), offersWithdraw(p))
	cmd.Long = `An offer hands SIMs over to a Workspace whose members you do not know. The receiver makes a
receiving code ('simferry receiving-codes create') and passes it on to you. You offer SIMs with the
code. The receiver looks at them, and accepts or refuses each.`
	return cmd
}

func offersList(p Process) *cobra.Command {
	l := lister[api.Offer]{
		cmd: &cobra.Command{
			Use:   "list",
			Short: "List the offers out of and into your Workspace, the latest first",
			Long: `List the offers out of and into your Workspace, the latest first.
Filters: id, direction (incoming, outgoing), status, reference.`,
			Example: `  simferry offers list
  simferry offers list --filter direction:incoming,status:pending`,
			Args: positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Offer], error) {
			return c.Offers(ctx, o)
		},
		columns: []column[api.Offer]{
			{name: "id", of: func(o api.Offer) any { return o.ID }},
			{name: "direction", of: func(o api.Offer) any { return o.Direction }},
			{name: "status", of: func(o api.Offer) any { return offerStatus(o) }},
			{name: "sims", of: func(o api.Offer) any { return thousands(o.SIMCount) }},
			{name: "accepted", of: func(o api.Offer) any { return thousands(o.Accepted) }},
			{name: "from", of: func(o api.Offer) any { return o.SourceWorkspace.Name }},
			{name: "to", of: func(o api.Offer) any { return o.TargetWorkspace.Name }},
			{name: "expires", of: func(o api.Offer) any { return instant(o.ExpiresAt.Time) }},
			{name: "created", wide: true, of: func(o api.Offer) any { return instant(o.CreatedAt.Time) }},
			{name: "user", wide: true, of: func(o api.Offer) any { return nameOf(o.User) }},
			{name: "reference", wide: true, of: func(o api.Offer) any { return o.Reference }},
			{name: "reason", wide: true, of: func(o api.Offer) any { return o.Reason }},
		},
	}
	return l.command(p)
}

func offerStatus(o api.Offer) string { return strings.ReplaceAll(o.Status, "_", " ") }

func offersSIMs(p Process) *cobra.Command {
	l := lister[api.OfferSIM]{
		cmd: &cobra.Command{
			Use:     "sims ID",
			Short:   "List the SIMs of an offer, with what the receiver can know of them",
			Example: "  simferry offers sims 31\n  simferry offers sims 31 --filter state:refused --output csv",
			Args:    positional("ID"),
		},
		columns: []column[api.OfferSIM]{
			{name: "id", of: func(s api.OfferSIM) any { return s.ID }},
			{name: "iccid", of: func(s api.OfferSIM) any { return s.ICCID }},
			{name: "status", of: func(s api.OfferSIM) any { return s.Status.Description }},
			{name: "model", of: func(s api.OfferSIM) any {
				if s.Model == nil {
					return ""
				}
				return s.Model.Description
			}},
			{name: "state", of: func(s api.OfferSIM) any { return strings.ReplaceAll(s.State, "_", " ") }},
			{name: "reason", of: func(s api.OfferSIM) any { return s.Reason }},
		},
	}
	cmd := l.command(p)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := offerArgument(args)
		if err != nil {
			return err
		}
		l.page = func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.OfferSIM], error) {
			return c.OfferSIMs(ctx, id, o)
		}
		return l.run(cmd.Context())
	}
	return cmd
}

func offerArgument(args []string) (int64, error) {
	return idArgument(args[0], "an offer", "simferry offers list")
}

func offersShow(p Process) *cobra.Command {
	return offerStep(p, &cobra.Command{
		Use:     "show ID",
		Short:   "Show an offer and how many of its SIMs were accepted",
		Example: "  simferry offers show 31\n  simferry offers show 31 --output json",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.Offer, error) { return c.Offer(ctx, id) })
}

func offersRefuse(p Process) *cobra.Command {
	var reason string
	cmd := offerStep(p, &cobra.Command{
		Use:     "refuse ID",
		Short:   "Refuse every SIM of an offer",
		Long:    "Refuse every SIM of an offer. The giver can read the reason. To take some of the SIMs, use 'simferry offers accept'.",
		Example: `  simferry offers refuse 31 --reason "not ordered"`,
	}, func(ctx context.Context, c *client.Client, id int64) (*api.Offer, error) {
		return c.RefuseOffer(ctx, id, reason, newKey())
	})
	cmd.Flags().StringVar(&reason, "reason", "", "reason; the giver sees it")
	return cmd
}

func offersCancel(p Process) *cobra.Command {
	return offerStep(p, &cobra.Command{
		Use:     "cancel ID",
		Short:   "Take back an offer that you made and that is pending",
		Example: "  simferry offers cancel 31",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.Offer, error) {
		return c.CancelOffer(ctx, id, newKey())
	})
}

// offersWithdraw is for the operator: it works on the database.
func offersWithdraw(p Process) *cobra.Command {
	cmd := operatorFlags(&cobra.Command{
		Use:   "withdraw ID",
		Short: "End a pending offer of any Workspace, as the operator",
		Long: `End a pending offer of any Workspace, as the operator, for example if a receiving code fell into wrong
hands. Every SIM stays with the giver. Both sides see that the operator withdrew the offer, and
their audit logs record it.`,
		Example: "  simferry offers withdraw 31",
		Args:    positional("ID"),
	})
	form := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := offerArgument(args)
		if err != nil {
			return err
		}
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			o, err := in.Operator.WithdrawOffer(ctx, fleet.OfferID(id))
			if err != nil {
				return err
			}
			return form.print(p.Stdout, answer{
				header: table.Row{"id", "from", "to", "sims", "status"},
				rows:   []table.Row{{o.ID, o.Source.Name, o.Target.Name, thousands(o.SIMs), strings.ReplaceAll(string(o.State), "_", " ")}},
				value:  withdrawnOffer{o.ID, o.Source.ID, o.Target.ID, o.SIMs, o.State},
			})
		})
	}
	return cmd
}

// withdrawnOffer is a withdrawn offer in JSON.
type withdrawnOffer struct {
	ID     fleet.OfferID     `json:"id"`
	Source fleet.WorkspaceID `json:"source_workspace"`
	Target fleet.WorkspaceID `json:"target_workspace"`
	SIMs   int               `json:"sim_count"`
	Status fleet.OfferState  `json:"status"`
}

// offerStep returns a command that does something with an offer, and shows it as it is then.
func offerStep(p Process, cmd *cobra.Command, do func(context.Context, *client.Client, int64) (*api.Offer, error)) *cobra.Command {
	cmd.Args = positional("ID")
	return overAPI(p, cmd, func(ctx context.Context, a *apiCall, args []string) error {
		id, err := offerArgument(args)
		if err != nil {
			return err
		}
		o, err := do(ctx, a.client, id)
		if err != nil {
			return err
		}
		if *a.output == asJSON {
			return a.output.print(p.Stdout, answer{value: o})
		}
		a.screen.printOffer(o)
		return nil
	})
}
