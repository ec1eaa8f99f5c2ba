package fleet

import "slices"

// AuditAction is the action of an audit entry, done or refused.
type AuditAction string

// The actions. Each consists of an object and what happened to it.
const (
	AuditSignedIn          AuditAction = "user.signed_in"
	AuditCodeAwaited       AuditAction = "user.code_awaited" // the password was correct; the second factor is pending
	AuditRefreshed         AuditAction = "session.refreshed"
	AuditReused            AuditAction = "session.token_reused" // a spent refresh token was used; its session has ended
	AuditSignedOut         AuditAction = "session.ended"
	AuditSwitched          AuditAction = "session.workspace_switched"
	AuditTokenSignedIn     AuditAction = "application_token.signed_in"
	AuditRateLimited       AuditAction = "address.rate_limited" // only the first of many is recorded
	AuditBearerRefused     AuditAction = "bearer.refused"       // a bearer that was valid earlier
	AuditRead              AuditAction = "data.read"            // recorded only if denied
	AuditOperatorRefused   AuditAction = "operator.refused"     // at the operator API
	AuditLeftOut           AuditAction = "refusals.left_out"    // counts further denials of a caller
	AuditTerminalStarted   AuditAction = "terminal.started"     // a terminal waits for approval
	AuditTerminalDecided   AuditAction = "terminal.decided"
	AuditPasswordChanged   AuditAction = "user.password_changed"
	AuditFactorAdded       AuditAction = "second_factor.added"
	AuditFactorActivated   AuditAction = "second_factor.activated"
	AuditFactorRemoved     AuditAction = "second_factor.removed"
	AuditDeviceUntrusted   AuditAction = "trusted_device.removed"
	AuditUserCreated       AuditAction = "user.created"
	AuditUserChanged       AuditAction = "user.changed"
	AuditUserDeleted       AuditAction = "user.deleted"
	AuditUserUnlocked      AuditAction = "user.unlocked"
	AuditUserInvited       AuditAction = "user.invited"
	AuditUserActivated     AuditAction = "user.activated"
	AuditResetAsked        AuditAction = "user.password_reset_asked"
	AuditMembershipChanged AuditAction = "membership.changed"
	AuditMembershipRemoved AuditAction = "membership.removed"
	AuditRoleGiven         AuditAction = "role.given"
	AuditRoleTaken         AuditAction = "role.taken"
	AuditDefaultWorkspace  AuditAction = "user.default_workspace_set"
	AuditWorkspaceCreated  AuditAction = "workspace.created"
	AuditWorkspaceChanged  AuditAction = "workspace.changed"
	AuditTokenMade         AuditAction = "application_token.made"
	AuditTokenChanged      AuditAction = "application_token.changed"
	AuditTokenRevoked      AuditAction = "application_token.revoked"
	AuditKeyMade           AuditAction = "key.made"
	AuditKeyRemoved        AuditAction = "key.removed"
	AuditMigrated          AuditAction = "sim.migrated"
	AuditUndone            AuditAction = "migration.undone"
	AuditJobCreated        AuditAction = "job.created"
	AuditJobChanged        AuditAction = "job.changed"
	AuditCodeMade          AuditAction = "receiving_code.made"
	AuditCodeRevoked       AuditAction = "receiving_code.revoked"
	AuditOfferMade         AuditAction = "offer.made"
	AuditOfferAccepted     AuditAction = "offer.accepted"
	AuditOfferRefused      AuditAction = "offer.refused"
	AuditOfferCancelled    AuditAction = "offer.cancelled"
	AuditOfferExpired      AuditAction = "offer.expired"
	AuditOfferWithdrawn    AuditAction = "offer.withdrawn"
	AuditOfferEnded        AuditAction = "offer.ended" // the job that moved its SIMs has ended
	AuditRequestMade       AuditAction = "sim_request.made"
	AuditRequestWithdrawn  AuditAction = "sim_request.withdrawn"
	AuditInquiryReceived   AuditAction = "inquiry.received" // always one entry, even if no Workspace has the SIMs
	AuditInquiryDeclined   AuditAction = "inquiry.declined"
	AuditJobApproved       AuditAction = "job.approved"
	AuditJobRejected       AuditAction = "job.rejected"
	AuditRulesChanged      AuditAction = "rule_set.changed"
	AuditSIMChanged        AuditAction = "sim.changed"
	AuditSIMDeleted        AuditAction = "sim.deleted"
	AuditSIMsImported      AuditAction = "sim.imported"
	AuditBatchRegistered   AuditAction = "sim_batch.registered"
	AuditDeviceCreated     AuditAction = "device.created"
	AuditDeviceChanged     AuditAction = "device.changed"
	AuditDeviceDeleted     AuditAction = "device.deleted"
	AuditDevicesImported   AuditAction = "device.imported"
	AuditWorldApplied      AuditAction = "world.applied"
)

// AuditActions is the closed list of actions.
var AuditActions = []AuditAction{
	AuditSignedIn, AuditCodeAwaited, AuditRefreshed, AuditReused, AuditSignedOut, AuditSwitched, AuditTokenSignedIn, AuditRateLimited,
	AuditBearerRefused, AuditRead, AuditOperatorRefused, AuditLeftOut, AuditTerminalStarted, AuditTerminalDecided, AuditPasswordChanged, AuditFactorAdded, AuditFactorActivated, AuditFactorRemoved,
	AuditDeviceUntrusted, AuditUserCreated, AuditUserChanged, AuditUserDeleted, AuditUserUnlocked, AuditUserInvited, AuditUserActivated, AuditResetAsked,
	AuditMembershipChanged, AuditMembershipRemoved, AuditRoleGiven, AuditRoleTaken, AuditDefaultWorkspace, AuditWorkspaceCreated,
	AuditWorkspaceChanged, AuditTokenMade, AuditTokenChanged, AuditTokenRevoked, AuditKeyMade, AuditKeyRemoved, AuditMigrated, AuditUndone,
	AuditJobCreated, AuditJobChanged, AuditJobApproved, AuditJobRejected, AuditRulesChanged,
	AuditCodeMade, AuditCodeRevoked, AuditOfferMade, AuditOfferAccepted, AuditOfferRefused, AuditOfferCancelled, AuditOfferExpired, AuditOfferWithdrawn, AuditOfferEnded,
	AuditRequestMade, AuditRequestWithdrawn, AuditInquiryReceived, AuditInquiryDeclined,
	AuditSIMChanged, AuditSIMDeleted, AuditSIMsImported, AuditBatchRegistered, AuditDeviceCreated, AuditDeviceChanged,
	AuditDeviceDeleted, AuditDevicesImported, AuditWorldApplied,
}

// Known reports whether the action is in AuditActions.
func (a AuditAction) Known() bool { return slices.Contains(AuditActions, a) }
