package operatorapi

import (
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

// operation is one row of the table of operations.
type operation struct {
	pattern string
	need    permission
	audit   fleet.AuditAction // how the audit log names the write; none for reads
	handle  handler           // decodes the request, calls a rule, encodes the result
}

// permission is what an operation requires of its caller.
type permission string

const (
	public        permission = "public"         // reveals nothing about the installation
	operatorToken permission = "operator token" // gives access to everything
)

const none fleet.AuditAction = ""

// rules are the rules that handlers call.
type rules = operator.Operator

const importPattern = "POST /operator/v1/sim/import"

var operations = []operation{
	{"GET /operator/v1/openapi.yaml", public, none, (*api).document},
	{"GET /operator/v1/readyz", operatorToken, none, (*api).ready},

	{
		"GET /operator/v1/workspace", operatorToken, none,
		list(fleet.OperatorWorkspaceList, rules.WorkspacePage, workspaceIDOf, workspaceBody),
	},
	{
		"POST /operator/v1/workspace", operatorToken, fleet.AuditWorkspaceCreated,
		writeOnce("operator.workspace.create", newWorkspace, rules.CreateWorkspace, createdWorkspace),
	},
	{
		"GET /operator/v1/workspace/{workspace_id}", operatorToken, none,
		call(workspaceInPath, rules.Workspace, workspaceBody),
	},
	{
		"PATCH /operator/v1/workspace/{workspace_id}", operatorToken, fleet.AuditWorkspaceChanged,
		writeOnce("operator.workspace.patch", changedWorkspace, changeWorkspace, replyWith(workspaceBody)),
	},

	{
		"GET /operator/v1/user", operatorToken, none,
		list(fleet.OperatorUserList, rules.UserPage, userIDOf, userBody),
	},
	{
		"POST /operator/v1/user", operatorToken, fleet.AuditUserCreated,
		writeOnce("operator.user.create", newUser, rules.CreateUser, createdUser),
	},
	{
		"GET /operator/v1/user/{user_id}", operatorToken, none,
		call(userInPath, rules.User, userBody),
	},
	{
		"PATCH /operator/v1/user/{user_id}", operatorToken, fleet.AuditUserChanged,
		writeOnce("operator.user.patch", changedUser, changeUser, replyWith(userBody)),
	},
	// The writes below take no idempotency key: they are idempotent, and nothing about a password
	// or a token's text may be stored.
	{
		"PUT /operator/v1/user/{user_id}/password", operatorToken, fleet.AuditPasswordChanged,
		write(newPassword, setPassword),
	},
	{
		"POST /operator/v1/user/{user_id}/unlock", operatorToken, fleet.AuditUserUnlocked,
		write(unlock, unlockUser),
	},
	{
		"DELETE /operator/v1/user/{user_id}/mfa", operatorToken, fleet.AuditFactorRemoved,
		write(userInPath, rules.ResetSecondFactor),
	},
	{
		"PUT /operator/v1/user/{user_id}/workspace/{workspace_id}", operatorToken, fleet.AuditMembershipChanged,
		call(newRole, setRole, userBody),
	},
	{
		"DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}", operatorToken, fleet.AuditMembershipRemoved,
		write(memberInPath, removeRole),
	},
	{
		"POST /operator/v1/application_token", operatorToken, fleet.AuditTokenMade,
		call(newToken, rules.CreateApplicationToken, tokenBody),
	},

	{
		"POST /operator/v1/migration_offer/{offer_id}/withdraw", operatorToken, fleet.AuditOfferWithdrawn,
		writeOnce("operator.offer.withdraw", offerInPath, rules.WithdrawOffer, replyWith(offerBody)),
	},

	{"GET /operator/v1/rule", operatorToken, none, call(nothing, readRules, ruleBodies)},
	{
		"PUT /operator/v1/rule", operatorToken, fleet.AuditRulesChanged,
		writeOnce("operator.rule.apply", newRules, rules.ApplyRules, replyWith(ruleBodies)),
	},
	{"GET /operator/v1/rule/history", operatorToken, none, call(nothing, ruleHistory, historyBodies)},
	{whatIfPattern, operatorToken, none, (*api).whatIf},

	{importPattern, operatorToken, fleet.AuditSIMsImported, (*api).importSIMs},
}
