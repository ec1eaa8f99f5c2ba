package httpapi

import (
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// operation is one row of the table of operations. A rule checks the permission again, in its
// own transaction.
type operation struct {
	pattern string
	need    identity.Permission // Public operations need no bearer
	auth    authentication
	audit   fleet.AuditAction // how the audit log names the write; none for reads
	handle  handler           // decodes the request, calls a rule, encodes the result
}

// authentication says what is known of the caller when the handler is called.
type authentication string

const (
	resolved authentication = "resolved" // the caller is authorized; the query is checked
	claims   authentication = "claims"   // only the token is verified; the handler does the rest
)

const none fleet.AuditAction = ""

// rules are the rules that handlers call.
type rules = control.Control

var operations = []operation{
	{"GET /healthz", identity.Public, resolved, none, (*api).health},
	{"GET /readyz", identity.Public, resolved, none, (*api).ready},
	{"GET /openapi.yaml", identity.Public, resolved, none, (*api).openAPI},
	{"GET /openapi.json", identity.Public, resolved, none, (*api).openAPIJSON},
	{"GET /.well-known/jwks.json", identity.Public, resolved, none, (*api).jwks},

	{"POST /api/v1/authenticate", identity.Public, resolved, fleet.AuditSignedIn, (*api).authenticate},
	{"POST /api/v1/authenticate/device", identity.Public, resolved, fleet.AuditTerminalStarted, (*api).startTerminal},
	{
		"POST /api/v1/authenticate/workspace", anybody, resolved, fleet.AuditSwitched,
		call(switchTarget, (*rules).SwitchWorkspace, switchedBody),
	},
	{
		"POST /api/v1/logout", identity.WriteOwn, resolved, fleet.AuditSignedOut,
		write(logoutScope, (*rules).Logout),
	},

	{
		"PATCH /api/v1/user/password", identity.WriteOwn, resolved, fleet.AuditPasswordChanged,
		write(passwordChange, (*rules).ChangePassword),
	},
	{"GET /api/v1/user/mfa/status", identity.WriteOwn, resolved, none, listed(mfaStatuses)},
	{"GET /api/v1/user/mfa/type", identity.WriteOwn, resolved, none, listed(mfaTypes)},
	{
		"POST /api/v1/user/mfa", identity.WriteOwn, resolved, fleet.AuditFactorAdded,
		call(newFactor, (*rules).AddSecondFactor, newFactorBody),
	},
	{
		"PATCH /api/v1/user/mfa/{key_id}", identity.WriteOwn, resolved, fleet.AuditFactorActivated,
		write(factorCode, (*rules).ActivateSecondFactor),
	},
	{
		"GET /api/v1/user/{user_id}/mfa", identity.WriteOwn, resolved, none,
		call((*request).person, (*rules).SecondFactors, mfaKeys),
	},
	{
		"DELETE /api/v1/user/{user_id}/mfa/{key_id}", identity.WriteOwn, resolved, fleet.AuditFactorRemoved,
		write(ofPerson("key_id"), (*rules).RemoveSecondFactor),
	},
	{
		"GET /api/v1/user/{user_id}/mfa/trusted_device", identity.WriteOwn, resolved, none,
		call((*request).person, (*rules).TrustedDevices, trustedDevices),
	},
	{
		"GET /api/v1/user/mfa/trusted_device", identity.WriteOwn, resolved, none,
		call(oneself, (*rules).TrustedDevices, trustedDevices),
	},
	{
		"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}", identity.WriteOwn, resolved, fleet.AuditDeviceUntrusted,
		write(ofPerson("device_id"), (*rules).RemoveTrustedDevice),
	},

	{
		"GET /api/v1/application_token", identity.ManageTokens, resolved, none,
		list(fleet.ApplicationTokenList, (*rules).ListApplicationTokens, applicationTokenID, applicationToken),
	},
	{
		"POST /api/v1/application_token", identity.ManageTokens, resolved, fleet.AuditTokenMade,
		writeOnce("application_token.make", newApplicationToken, (*rules).MakeApplicationToken, createdToken),
	},
	{
		"PATCH /api/v1/application_token/{token_id}", identity.ManageTokens, resolved, fleet.AuditTokenChanged,
		writeOnce("application_token.patch", applicationTokenPatch, (*rules).PatchApplicationToken, noContent),
	},

	{"GET /api/v1/sim", identity.ReadSIMs, resolved, none, (*api).listSIMs},
	{"GET /api/v1/sim/status", identity.ReadSIMs, resolved, none, listed(simStatuses)},
	{
		"GET /api/v1/sim/{sim_id}", identity.ReadSIMs, resolved, none,
		call(simID, (*rules).SIM, simBody),
	},
	{
		"PATCH /api/v1/sim/{sim_id}", identity.WriteSIMs, resolved, fleet.AuditSIMChanged,
		writeOnce("sim.patch", simPatchRequest, (*rules).PatchSIM, patchedSIM),
	},
	{
		"DELETE /api/v1/sim/{sim_id}", identity.WriteSIMs, resolved, fleet.AuditSIMDeleted,
		writeOnce("sim.delete", oneSIM, (*rules).DeleteSIMs, noContent),
	},
	{
		"DELETE /api/v1/sim/multi", identity.WriteSIMs, resolved, fleet.AuditSIMDeleted,
		writeOnce("sim.delete.multi", manySIMs, (*rules).DeleteSIMs, noContent),
	},
	{"POST /api/v1/sim/migration/workspace", identity.MigrateSIMs, claims, fleet.AuditMigrated, (*api).migrate},

	{"GET /api/v1/endpoint", identity.ReadDevices, resolved, none, (*api).listDevices},
	{"POST /api/v1/endpoint", identity.WriteDevices, resolved, fleet.AuditDeviceCreated, (*api).createDevice},
	{"GET /api/v1/endpoint/status", identity.ReadDevices, resolved, none, listed(deviceStatuses)},
	{
		"GET /api/v1/endpoint/{endpoint_id}", identity.ReadDevices, resolved, none,
		call(deviceID, (*rules).Device, deviceBody),
	},
	{
		"PATCH /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, resolved, fleet.AuditDeviceChanged,
		writeOnce("device.patch", changedDevice, (*rules).PatchDevices, noContent),
	},
	{
		"DELETE /api/v1/endpoint/{endpoint_id}", identity.WriteDevices, resolved, fleet.AuditDeviceDeleted,
		writeOnce("device.delete", deletedDevice, (*rules).DeleteDevices, noContent),
	},
	{"GET /api/v1/endpoint/{endpoint_id}/event", identity.ReadEvents, resolved, none, events(deviceEvents)},
	{
		"GET /api/v1/endpoint/{endpoint_id}/connectivity", identity.ReadDevices, resolved, none,
		call(deviceID, (*rules).Connectivity, connectivityBody),
	},
	{
		"PATCH /api/v1/endpoint/{endpoint_id}/connectivity", identity.WriteDevices, resolved, fleet.AuditDeviceChanged,
		writeOnce("device.connectivity", connectivityReset, (*rules).ResetConnectivity, noContent),
	},
	{
		"POST /api/v2/endpoint/multi", identity.WriteDevices, resolved, fleet.AuditDeviceCreated,
		writeOnce("device.create.multi", newDevices, (*rules).CreateDevices, createdDevices),
	},
	{
		"PATCH /api/v2/endpoint/multi", identity.WriteDevices, resolved, fleet.AuditDeviceChanged,
		writeOnce("device.patch.multi", changedDevices, (*rules).PatchDevices, noContent),
	},
	{
		"DELETE /api/v2/endpoint/multi", identity.WriteDevices, resolved, fleet.AuditDeviceDeleted,
		writeOnce("device.delete.multi", deletedDevices, (*rules).ReleaseDevices, noContent),
	},
	{
		"GET /api/v1/service_profile", identity.ReadDevices, resolved, none,
		listProfiles(fleet.ServiceProfile),
	},
	{
		"GET /api/v1/service_profile/{profile_id}", identity.ReadDevices, resolved, none,
		getProfile(fleet.ServiceProfile, "service_profile"),
	},
	{"GET /api/v1/tariff_profile", identity.ReadDevices, resolved, none, listProfiles(fleet.TariffProfile)},
	{
		"GET /api/v1/tariff_profile/{profile_id}", identity.ReadDevices, resolved, none,
		getProfile(fleet.TariffProfile, "tariff_profile"),
	},
	{
		"GET /api/v1/sim_batch/bic/{bic}", identity.ReadSIMs, resolved, none,
		call(batchCode, (*rules).Batch, batchBody),
	},
	{
		"PATCH /api/v1/sim_batch/bic/{bic}", identity.WriteSIMs, resolved, fleet.AuditBatchRegistered,
		writeOnce("sim_batch.register", batchRegistration, (*rules).RegisterBatch, registeredBatch),
	},

	{"GET /api/v1/event", identity.ReadEvents, resolved, none, events(allEvents)},
	{"GET /api/v1/event/type", identity.ReadEvents, resolved, none, listed(eventTypes)},
	{
		"GET /api/v1/sim/{sim_id}/history", identity.ReadMigrations, resolved, none,
		call(simID, (*rules).SIMHistory, historyBody),
	},
	{"GET /api/v1/sim/{sim_id}/event", identity.ReadEvents, resolved, none, events(simEvents)},
	{"GET /api/v1/user/{user_id}/event", identity.ReadEvents, resolved, none, events(userEvents)},

	{
		"GET /api/v1/audit", identity.ReadAudit, resolved, none,
		list(fleet.AuditList, (*rules).ListAudit, auditID, auditBody),
	},

	{
		"GET /api/v1/migration", identity.ReadMigrations, resolved, none,
		list(fleet.MigrationList, (*rules).ListMigrations, migrationID, ledgerBody),
	},
	{
		"GET /api/v1/migration/{migration_id}", identity.ReadMigrations, resolved, none,
		call(pathID[fleet.MigrationID]("migration_id"), (*rules).Migration, migrationBody),
	},

	{
		"POST /api/v1/migration/{migration_id}/undo", identity.MigrateSIMs, resolved, fleet.AuditUndone,
		(*api).undoMigration,
	},

	{
		"GET /api/v1/migration_job", identity.ReadMigrations, resolved, none,
		list(fleet.JobList, (*rules).ListJobs, jobItemID, jobBody),
	},
	{"POST /api/v1/migration_job", identity.MigrateSIMs, resolved, fleet.AuditJobCreated, (*api).createMigrationJob},
	{"POST /api/v1/sim_status_job", identity.WriteSIMs, resolved, fleet.AuditJobCreated, (*api).createStatusJob},
	{"GET /api/v1/migration_job/{job_id}", identity.ReadMigrations, resolved, none, (*api).getJob},
	{"GET /api/v1/migration_job/{job_id}/sim", identity.ReadMigrations, resolved, none, (*api).listJobSIMs},
	{"GET /api/v1/migration_job/{job_id}/watch", identity.ReadMigrations, resolved, none, (*api).watchJob},
	{"GET /api/v1/sim_status_job/{job_id}/watch", identity.ReadMigrations, resolved, none, (*api).watchJob},
	{"POST /api/v1/migration_job/{job_id}/start", identity.MigrateSIMs, resolved, fleet.AuditJobChanged, jobAction(control.JobStart)},
	{"POST /api/v1/migration_job/{job_id}/pause", identity.MigrateSIMs, resolved, fleet.AuditJobChanged, jobAction(control.JobPause)},
	{"POST /api/v1/migration_job/{job_id}/resume", identity.MigrateSIMs, resolved, fleet.AuditJobChanged, jobAction(control.JobResume)},
	{"POST /api/v1/migration_job/{job_id}/cancel", identity.MigrateSIMs, resolved, fleet.AuditJobChanged, jobAction(control.JobCancel)},
	{"POST /api/v1/migration_job/{job_id}/approve", identity.MigrateSIMs, resolved, fleet.AuditJobApproved, jobAction(control.JobApprove)},
	{"POST /api/v1/migration_job/{job_id}/reject", identity.MigrateSIMs, resolved, fleet.AuditJobRejected, jobAction(control.JobReject)},
	{"POST /api/v1/migration_job/{job_id}/retry", identity.MigrateSIMs, resolved, fleet.AuditJobCreated, (*api).retryJob},
	{"POST /api/v1/migration_job/{job_id}/undo", identity.MigrateSIMs, resolved, fleet.AuditJobCreated, (*api).undoJob},

	{
		"GET /api/v1/receiving_code", identity.ManageOffers, resolved, none,
		list(fleet.ReceivingCodeList, (*rules).ListReceivingCodes, receivingCodeID, receivingCode),
	},
	{
		"POST /api/v1/receiving_code", identity.ManageOffers, resolved, fleet.AuditCodeMade,
		writeOnce("receiving_code.make", newReceivingCode, (*rules).MakeReceivingCode, madeReceivingCode),
	},
	{
		"DELETE /api/v1/receiving_code/{code_id}", identity.ManageOffers, resolved, fleet.AuditCodeRevoked,
		writeOnce("receiving_code.revoke", oneReceivingCode, (*rules).RevokeReceivingCode, noContent),
	},
	{
		"GET /api/v1/migration_offer", identity.ReadMigrations, resolved, none,
		list(fleet.OfferList, (*rules).ListOffers, offerItemID, offerBody),
	},
	{
		"POST /api/v1/migration_offer", identity.ManageOffers, resolved, fleet.AuditOfferMade,
		writeOnce("offer.make", offerRequest, (*rules).MakeOffer, madeOffer),
	},
	{"GET /api/v1/migration_offer/{offer_id}", identity.ReadMigrations, resolved, none, call(offerID, (*rules).Offer, offerBody)},
	{"GET /api/v1/migration_offer/{offer_id}/sim", identity.ReadMigrations, resolved, none, (*api).listOfferSIMs},
	{
		"POST /api/v1/migration_offer/{offer_id}/accept", identity.ManageOffers, resolved, fleet.AuditOfferAccepted,
		writeOnce("offer.accept", offerAcceptance, (*rules).AcceptOffer, answeredOffer),
	},
	{
		"POST /api/v1/migration_offer/{offer_id}/refuse", identity.ManageOffers, resolved, fleet.AuditOfferRefused,
		writeOnce("offer.refuse", offerRefusal, (*rules).RefuseOffer, offerReply),
	},
	{
		"POST /api/v1/migration_offer/{offer_id}/cancel", identity.ManageOffers, resolved, fleet.AuditOfferCancelled,
		writeOnce("offer.cancel", cancelledOffer, (*rules).CancelOffer, offerReply),
	},
	{
		"GET /api/v1/migration_request", identity.ReadMigrations, resolved, none,
		list(fleet.SIMRequestList, (*rules).ListSIMRequests, simRequestItemID, simRequestItem),
	},
	{
		"POST /api/v1/migration_request", identity.ManageOffers, resolved, fleet.AuditRequestMade,
		writeOnce("sim_request.make", newSIMRequest, (*rules).RequestSIMs, madeSIMRequest),
	},
	{"GET /api/v1/migration_request/{request_id}", identity.ReadMigrations, resolved, none, call(requestID, (*rules).SIMRequest, simRequestBody)},
	{
		"POST /api/v1/migration_request/{request_id}/withdraw", identity.ManageOffers, resolved, fleet.AuditRequestWithdrawn,
		writeOnce("sim_request.withdraw", withdrawnRequest, (*rules).WithdrawSIMRequest, simRequestReply),
	},
	{
		"GET /api/v1/migration_inquiry", identity.ManageOffers, resolved, none,
		list(fleet.InquiryList, (*rules).ListInquiries, inquiryItemID, inquiryItem),
	},
	{"GET /api/v1/migration_inquiry/{inquiry_id}", identity.ManageOffers, resolved, none, call(inquiryID, (*rules).Inquiry, inquiryBody)},
	{
		"POST /api/v1/migration_inquiry/{inquiry_id}/decline", identity.ManageOffers, resolved, fleet.AuditInquiryDeclined,
		writeOnce("inquiry.decline", declinedInquiry, (*rules).DeclineInquiry, inquiryReply),
	},
	{
		"POST /api/v1/migration_inquiry/{inquiry_id}/offer", identity.ManageOffers, resolved, fleet.AuditOfferMade,
		writeOnce("inquiry.offer", inquiryOffer, (*rules).OfferInquiry, madeOffer),
	},
	{"GET /api/v1/migration_rule", identity.ReadMigrations, resolved, none, (*api).listRules},
	{
		"PUT /api/v1/migration_rule", identity.ManageWorkspace, resolved, fleet.AuditRulesChanged,
		writeOnce("rule.set", newRules, (*rules).SetRules, changedRules),
	},

	{"GET /api/v1/country", identity.ReadWorkspace, resolved, none, listed(countries)},
	{
		"GET /api/v1/organisation/my", identity.ReadWorkspace, resolved, none,
		callOwn((*rules).OwnWorkspace, workspaceBody),
	},
	{"GET /api/v1/organisation/my/setting", identity.ReadWorkspace, resolved, none, callOwn((*rules).OwnWorkspace, settingsBody)},
	{
		"PATCH /api/v1/organisation/my/setting", identity.ManageWorkspace, resolved, fleet.AuditWorkspaceChanged,
		writeOnce("workspace.settings", workspaceSettings, (*rules).ChangeWorkspaceSettings, changedSettings),
	},
	{"GET /api/v1/organisation/status", identity.ReadWorkspace, resolved, none, listed(workspaceStatuses)},
	{"GET /api/v1/user/role", identity.ReadUsers, resolved, none, listed(roles)},
	{"GET /api/v1/user/status", identity.ReadUsers, resolved, none, listed(userStatuses)},
	{
		"GET /api/v1/user", identity.ReadUsers, resolved, none,
		list(fleet.UserList, (*rules).ListUsers, userID, userBody),
	},
	{"POST /api/v1/user", identity.ManageMembers, resolved, fleet.AuditUserInvited, inviteUser("/api/v1/user", invitedAt)},
	{
		"POST /api/v2/user/invitation", identity.ManageMembers, resolved, fleet.AuditUserInvited,
		inviteUser("/api/v2/user/invitation", invited),
	},
	{"POST /api/v2/user/activation", identity.Public, resolved, fleet.AuditUserActivated, (*api).activateUser},
	{"POST /api/v1/user/activation", identity.Public, resolved, fleet.AuditUserActivated, (*api).activateUserV1},
	{"POST /api/v1/user/password/reset", identity.Public, resolved, fleet.AuditResetAsked, (*api).resetPassword},
	{
		"GET /api/v1/user/{user_id}", identity.ReadUsers, resolved, none,
		call(userRef, (*rules).User, userBody),
	},
	{
		"PATCH /api/v1/user/{user_id}", identity.WriteOwn, resolved, fleet.AuditUserChanged,
		writeOnce("user.patch", personPatch, (*rules).PatchUser, noContent),
	},
	{"DELETE /api/v1/user/{user_id}", identity.ManageUsers, resolved, fleet.AuditMembershipRemoved, removeMember(inTokenWorkspace)},
	{
		"GET /api/v1/user/{user_id}/role/permission", identity.ReadOwn, resolved, none,
		call(userRef, (*rules).Permissions, permissionBodies),
	},
	{
		"PUT /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, resolved, fleet.AuditRoleGiven,
		giveRole(inTokenWorkspace),
	},
	{
		"DELETE /api/v1/user/{user_id}/role/{role_id}", identity.ManageUsers, resolved, fleet.AuditRoleTaken,
		takeRole(inTokenWorkspace),
	},
	{
		"GET /api/v2/user/{user_id}/workspace", identity.ReadOwn, resolved, none,
		call((*request).person, (*rules).UserWorkspaces, membershipBodies),
	},
	{
		"GET /api/v2/user/my/membership", identity.ReadOwn, resolved, none,
		callOwn((*rules).Memberships, membershipBodies),
	},
	{
		"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, resolved, fleet.AuditMembershipChanged,
		writeOnce("member.status", memberStatusPatch, (*rules).SetMemberStatus, noContent),
	},
	{
		"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}", identity.ManageMembers, resolved, fleet.AuditMembershipRemoved,
		removeMember(inPathWorkspace),
	},
	{
		"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, resolved, fleet.AuditRoleGiven,
		giveRole(inPathWorkspace),
	},
	{
		"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", identity.ManageMembers, resolved, fleet.AuditRoleTaken,
		takeRole(inPathWorkspace),
	},
	{
		"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}", identity.WriteOwn, resolved, fleet.AuditDefaultWorkspace,
		writeOnce("user.default_workspace", memberOf(inPathWorkspace), (*rules).SetDefaultWorkspace, emptyObject),
	},
}

// anybody requires a valid bearer but no permission; the operation denies access itself.
const anybody identity.Permission = "anybody"

// free lists the operations that cost next to nothing. They do not wait for a slot.
var free = map[string]bool{"GET /healthz": true, "GET /openapi.yaml": true, "GET /openapi.json": true}
