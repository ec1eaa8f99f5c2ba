package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func approvalsCommands(p Process) *cobra.Command {
	cmd := group("approvals", "Approve or reject the jobs that wait for approval", approvalsList(p), approvalsApprove(p), approvalsReject(p))
	cmd.Long = `A rule can require that another Administrator of the Workspace that SIMs leave approves a job. The
user who made the job cannot approve it. 'simferry jobs show' shows what the job would do.`
	return cmd
}

func approvalsList(p Process) *cobra.Command {
	l := lister[api.Job]{
		cmd: &cobra.Command{
			Use:     "list",
			Short:   "List the jobs that wait, with the rules that require approval",
			Long:    "List the waiting jobs, the latest first. The column rules is empty for a job that waits for something else.",
			Example: "  simferry approvals list",
			Args:    positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Job], error) {
			o.Filter = strings.TrimPrefix(o.Filter+",state:waiting", ",")
			return c.Jobs(ctx, o)
		},
		columns: []column[api.Job]{
			{name: "id", of: func(j api.Job) any { return j.ID }},
			{name: "waits for", of: func(j api.Job) any { return strings.ReplaceAll(j.StatusDetails.WaitingFor, "_", " ") }},
			{name: "sims", of: func(j api.Job) any { return thousands(j.SIMCount) }},
			{name: "to", of: func(j api.Job) any { return nameOf(j.TargetWorkspace) }},
			{name: "user", of: func(j api.Job) any { return j.User.Name }},
			{name: "rules", of: func(j api.Job) any { return approvalRules(j) }},
		},
	}
	return l.command(p)
}

// approvalRules returns the messages of the rules that require approval for a job.
func approvalRules(j api.Job) string {
	if j.StatusDetails.Approval == nil {
		return ""
	}
	var texts []string
	for _, r := range j.StatusDetails.Approval.Rules {
		texts = append(texts, r.ID+": "+r.Message)
	}
	return strings.Join(texts, "; ")
}

func approvalsApprove(p Process) *cobra.Command {
	cmd := jobStep(p, "approve ID", "Approve the plan of a job", func(ctx context.Context, c *client.Client, id int64) (*client.Job, error) {
		j, err := c.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		return c.ApproveJob(ctx, id, j.ETag, newKey())
	})
	cmd.Example = "  simferry jobs show 12\n  simferry approvals approve 12"
	return cmd
}

func approvalsReject(p Process) *cobra.Command {
	cmd := jobStep(p, "reject ID", "End a job that waits for approval", func(ctx context.Context, c *client.Client, id int64) (*client.Job, error) {
		return c.RejectJob(ctx, id, newKey())
	})
	cmd.Example = "  simferry approvals reject 12"
	return cmd
}
