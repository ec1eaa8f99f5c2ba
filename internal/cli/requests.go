package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func requestsCommands(p Process) *cobra.Command {
	cmd := group("requests", "Ask the owners of SIMs for an offer", requestsList(p), requestsShow(p), requestsMake(p), requestsWithdraw(p))
	cmd.Long = `A request names ICCIDs that you would like to receive, such as those of meters that you bought. It
goes to the Administrators of the Workspaces that have the SIMs, and you do not see which these are.
They can make an offer or decline. Until you get an offer the request stays open, whether there are
such SIMs or not. The other side uses 'simferry inquiries'.`
	return cmd
}

func requestsList(p Process) *cobra.Command {
	l := lister[api.SIMRequest]{
		cmd: &cobra.Command{
			Use:   "list",
			Short: "List the requests for SIMs of your Workspace, the latest first",
			Long: `List the requests for SIMs of your Workspace, the latest first.
Filters: id, status (open, answered, withdrawn, expired).`,
			Example: "  simferry requests list\n  simferry requests list --filter status:answered",
			Args:    positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.SIMRequest], error) {
			return c.SIMRequests(ctx, o)
		},
		columns: []column[api.SIMRequest]{
			{name: "id", of: func(r api.SIMRequest) any { return r.ID }},
			{name: "status", of: func(r api.SIMRequest) any { return r.Status }},
			{name: "iccids", of: func(r api.SIMRequest) any { return thousands(r.ICCIDCount) }},
			{name: "reference", of: func(r api.SIMRequest) any { return r.Reference }},
			{name: "expires", of: func(r api.SIMRequest) any { return instant(r.ExpiresAt.Time) }},
			{name: "user", of: func(r api.SIMRequest) any { return r.User.Name }},
			{name: "created", wide: true, of: func(r api.SIMRequest) any { return instant(r.CreatedAt.Time) }},
			{name: "reason", wide: true, of: func(r api.SIMRequest) any { return r.Reason }},
		},
	}
	return l.command(p)
}

func requestsShow(p Process) *cobra.Command {
	return requestStep(p, &cobra.Command{
		Use:     "show ID",
		Short:   "Show a request for SIMs, and the offers that were made for it",
		Example: "  simferry requests show 17\n  simferry requests show 17 --output json",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.SIMRequest, error) {
		return c.SIMRequest(ctx, id)
	})
}

func requestsWithdraw(p Process) *cobra.Command {
	return requestStep(p, &cobra.Command{
		Use:     "withdraw ID",
		Short:   "End a request for SIMs; offers that were made for it stay",
		Example: "  simferry requests withdraw 17",
	}, func(ctx context.Context, c *client.Client, id int64) (*api.SIMRequest, error) {
		return c.WithdrawSIMRequest(ctx, id, newKey())
	})
}

func requestsMake(p Process) *cobra.Command {
	var iccids, files []string
	var expires lastDay
	var reference, reason string
	cmd := overAPI(p, &cobra.Command{
		Use:   "make",
		Short: "Ask the owners of SIMs for an offer to your Workspace",
		Long: `Ask the owners of SIMs for an offer to your Workspace. The owners see the name of your Workspace,
the reference and the reason, and those of the ICCIDs that are theirs. You see an answer only if one
of them makes an offer. A request can have 500 ICCIDs, and a Workspace can make 10 requests in 24
hours.`,
		Example: `  simferry requests make --file meters.csv --reason "Bought from Nordgas, order 4711"
  simferry requests make --iccid 8988303000000000250 --expires 2026-12-31`,
		Args: positional(),
	}, func(ctx context.Context, a *apiCall, _ []string) error {
		wanted := selection{iccids: iccids, files: files}
		if wanted.empty() {
			return usagef("there are no SIMs: name some with --iccid or --file")
		}
		named, err := wanted.read(p)
		if err != nil {
			return err
		}
		r := api.SIMRequestRequest{ICCIDs: jobSelect(named, nil).ICCIDs, Reference: someText(reference), Reason: someText(reason)}
		if at := time.Time(expires); !at.IsZero() {
			r.ExpiresAt = api.Some(at.Format(time.RFC3339))
		}
		made, err := a.client.RequestSIMs(ctx, r, newKey())
		if err != nil {
			return err
		}
		return a.showRequest(made)
	})
	cmd.Flags().StringSliceVar(&iccids, "iccid", nil, "an ICCID of 19 digits, or 20 with the check digit; can be repeated")
	cmd.Flags().StringArrayVar(&files, "file", nil, "a list of ICCIDs: CSV, text or .xlsx; - for standard input; can be repeated")
	cmd.Flags().Var(&expires, "expires", "expiry: 2026-12-31 (the end of that day in UTC) or 2026-12-31T18:00:00Z (default: in two weeks)")
	cmd.Flags().StringVar(&reference, "reference", "", "reference, such as an order number; the owners see it")
	cmd.Flags().StringVar(&reason, "reason", "", "reason; the owners see it")
	return cmd
}

// requestStep returns a command that does something with a request, and shows it as it is then.
func requestStep(p Process, cmd *cobra.Command, do func(context.Context, *client.Client, int64) (*api.SIMRequest, error)) *cobra.Command {
	cmd.Args = positional("ID")
	return overAPI(p, cmd, func(ctx context.Context, a *apiCall, args []string) error {
		id, err := idArgument(args[0], "a request", "simferry requests list")
		if err != nil {
			return err
		}
		r, err := do(ctx, a.client, id)
		if err != nil {
			return err
		}
		return a.showRequest(r)
	})
}

func (a *apiCall) showRequest(r *api.SIMRequest) error {
	if *a.output == asJSON {
		return a.output.print(a.process.Stdout, answer{value: r})
	}
	s := a.screen
	s.line("Request %d for %s: %s", r.ID, sims(r.ICCIDCount), r.Status)
	s.why(r.Reference, r.Reason)
	switch r.Status {
	case client.RequestOpen:
		s.line("  It expires on %s UTC. To end it before: simferry requests withdraw %d", instant(r.ExpiresAt.Time), r.ID)
	case client.RequestAnswered:
		s.line("  Other owners can answer until %s UTC.", instant(r.ExpiresAt.Time))
	}
	offered := make(map[int64]int)
	var order []int64
	for _, asked := range r.ICCIDs {
		if asked.Offer == nil || asked.Offer.ID == nil {
			continue
		}
		id := int64(*asked.Offer.ID)
		if offered[id]++; offered[id] == 1 {
			order = append(order, id)
		}
	}
	for _, id := range order {
		s.line("  Offer %d has %s: simferry offers show %d", id, sims(offered[id]), id)
	}
	return nil
}

// why prints the reference and the reason of something, if there are any.
func (s *screen) why(reference, reason string) {
	if reference != "" || reason != "" {
		s.line("  %s", strings.Trim(reference+": "+reason, ": "))
	}
}
