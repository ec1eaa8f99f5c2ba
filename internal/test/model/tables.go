package model

import (
	"strconv"
	"strings"
	"time"
)

// Row is one row of a table, its values as text; a missing entry, or "NULL", is null.
type Row map[string]string

// Tables returns the rows that a database must have, as far as the model knows their columns.
func (m *Model) Tables() map[string][]Row {
	t := map[string][]Row{
		"sims": {}, "devices": {}, "ledger": {}, "ledger_sides": {}, "ledger_lines": {}, "events": {}, "users": {},
		"memberships": {}, "membership_roles": {}, "refresh_tokens": {}, "idempotency": {}, "auth_counters": {},
		"receiving_codes": {}, "offers": {}, "offer_sims": {},
	}
	m.simRows(t)
	m.deviceRows(t)
	m.ledgerRows(t)
	m.eventRows(t)
	m.userRows(t)
	m.offerRows(t)
	stored := make(map[*refreshToken]bool)
	for _, r := range m.refresh {
		if stored[r] {
			continue
		}
		stored[r] = true
		t["refresh_tokens"] = append(t["refresh_tokens"], Row{
			"user_id": number(r.user), "workspace_id": number(r.workspace), "epoch": number(r.epoch), "expires_at": stamp(r.expires),
		})
	}
	for key := range m.kept {
		t["idempotency"] = append(t["idempotency"], Row{
			"user_id": number(key.user), "token_id": number(key.app), "workspace_id": number(key.workspace), "operation": key.operation, "key": key.key,
			"status": strconv.Itoa(m.kept[key].answer.Status),
		})
	}
	for name, c := range m.counters {
		kind, key, _ := strings.Cut(name, "\x00")
		t["auth_counters"] = append(t["auth_counters"], Row{"kind": kind, "key": key, "count": strconv.Itoa(c.n), "expires_at": stamp(c.expires)})
	}
	return t
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "NULL"
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

func orNULL(id int64) string {
	if id == 0 {
		return "NULL"
	}
	return number(id)
}

func flag(b bool) string { return map[bool]string{false: "0", true: "1"}[b] }

func (m *Model) simRows(t map[string][]Row) {
	for _, s := range m.sims {
		t["sims"] = append(t["sims"], Row{
			"id": number(s.id), "iccid": s.iccid, "imsi": s.imsi, "msisdn": s.msisdn, "status": strconv.Itoa(s.now().status),
			"workspace_id": number(s.now().workspace), "issuer_id": number(s.issuer), "reseller_id": orNULL(s.reseller),
			"device_id": orNULL(s.now().device), "produced_at": stamp(s.produced), "activated_at": stamp(s.activated),
			"version": strconv.Itoa(s.version()), "offer_id": orNULL(s.offer),
		})
	}
}

func (m *Model) ledgerRows(t map[string][]Row) {
	for i, e := range m.ledger {
		id := strconv.Itoa(i + 1)
		t["ledger"] = append(t["ledger"], Row{
			"id": id, "kind": strconv.Itoa(e.kind), "at": stamp(e.at), "user_id": orNULL(e.user), "token_id": orNULL(e.app),
			"target_id": orNULL(e.target), "sims": strconv.Itoa(e.count), "detach_devices": flag(e.detach), "allowed_statuses": statusList(e.allowed), "rule_set": ruleSetOf(e),
			"undoes": undoOf(e), "restore_status": undoFlag(e, func(u *undoing) bool { return u.status }), "restore_devices": undoFlag(e, func(u *undoing) bool { return u.devices }),
		})
		for _, s := range e.sources {
			t["ledger_sides"] = append(t["ledger_sides"], Row{"ledger_id": id, "workspace_id": number(s.workspace), "side": "0", "sims": strconv.Itoa(s.count), "authority": flagAuthority(e)})
		}
		if e.kind == 1 {
			t["ledger_sides"] = append(t["ledger_sides"], Row{"ledger_id": id, "workspace_id": number(e.target), "side": "1", "sims": strconv.Itoa(e.count), "authority": flagAuthority(e)})
		}
		for j, l := range e.lines {
			t["ledger_lines"] = append(t["ledger_lines"], Row{
				"ledger_id": id, "ordinal": strconv.Itoa(j + 1), "sim_id": number(l.sim.id), "version": strconv.Itoa(l.version),
				"workspace_before": number(l.before().workspace), "workspace_after": number(l.after().workspace),
				"status_before": strconv.Itoa(l.before().status), "status_after": strconv.Itoa(l.after().status),
				"device_before": orNULL(l.before().device), "device_after": orNULL(l.after().device),
			})
		}
	}
}

func flagAuthority(e *entry) string {
	return map[string]string{"role": "1", "issuer": "2", "offer": "4"}[e.by]
}

// ruleSetOf returns the rule set of a migration; other entries have none.
func ruleSetOf(e *entry) string {
	if e.kind != 1 {
		return "NULL"
	}
	return number(e.ruleSet)
}

func undoOf(e *entry) string {
	if e.undo == nil {
		return "NULL"
	}
	return number(e.undo.of)
}

func undoFlag(e *entry, of func(*undoing) bool) string {
	if e.undo == nil {
		return "NULL"
	}
	return flag(of(e.undo))
}

func statusList(list []int) string {
	if list == nil {
		return "NULL"
	}
	var words []string
	for _, id := range list {
		words = append(words, strconv.Itoa(id))
	}
	return strings.Join(words, ",")
}

func (m *Model) eventRows(t map[string][]Row) {
	for i, e := range m.events {
		t["events"] = append(t["events"], Row{
			"id": strconv.Itoa(i + 1), "at": stamp(e.at), "type": strconv.Itoa(e.kind), "source": "2", "severity": strconv.Itoa(e.severity),
			"workspace_id": number(e.workspace), "user_id": orNULL(e.user), "sim_id": orNULL(e.sim), "device_id": orNULL(e.device),
			"ledger_id": orNULL(e.entry), "description": e.words,
		})
	}
}

func (m *Model) userRows(t map[string][]Row) {
	for _, u := range m.users {
		t["users"] = append(t["users"], Row{"id": number(u.id), "status": strconv.Itoa(u.status), "session_epoch": number(u.epoch)})
		for ws, member := range u.members {
			t["memberships"] = append(t["memberships"], Row{
				"user_id": number(u.id), "workspace_id": number(ws), "status": map[bool]string{false: "1", true: "2"}[member.suspended],
			})
			for _, role := range member.roles {
				t["membership_roles"] = append(t["membership_roles"], Row{"user_id": number(u.id), "workspace_id": number(ws), "role": strconv.Itoa(role)})
			}
		}
	}
}
