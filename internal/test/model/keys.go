package model

// keptKey is an idempotency key: one caller's in one Workspace, for one operation.
type keptKey struct {
	user, app int64
	workspace int64
	operation string
	key       string
}

// keptAnswer is the response to the first request with a key.
type keptAnswer struct {
	fingerprint string
	answer      Answer
	raw         []byte // as it went over the wire
	entry       *entry // the migration that it reports, if any
}

// replay returns the response to a request with a key that was used before.
func (m *Model) replay(stored *keptAnswer, fingerprint string, rights func() *Answer) Answer {
	if no := rights(); no != nil {
		return *no
	}
	if stored.fingerprint != fingerprint {
		return refusal(422, 1406, "NotAllowed")
	}
	again := stored.answer.with("Idempotent-Replayed", "true")
	again.Raw = stored.raw
	return again
}

// mayReplay checks the rights on the target of the request and on all sides of the stored result.
func (m *Model) mayReplay(u *user, w wanted, stored *keptAnswer) *Answer {
	if !m.administers(u, w.target) {
		no := allMissing([]string{"workspace with id " + number(w.target) + " not found"})
		return &no
	}
	if stored.entry == nil {
		return m.mayReceive(u, stored)
	}
	sides := []int64{stored.entry.target}
	for _, s := range stored.entry.sources {
		sides = append(sides, s.workspace)
	}
	for _, ws := range sides {
		if !m.administers(u, ws) {
			no := forbidden()
			return &no
		}
	}
	return nil
}

// mayReceive requires, for a refusal, that the caller is still a member of every Workspace that
// it names SIMs of.
func (m *Model) mayReceive(u *user, stored *keptAnswer) *Answer {
	body, _ := stored.answer.Body.(object)
	groups, _ := body["errors"].([]any)
	for _, g := range groups {
		lines, _ := g.(object)["sims"].([]any)
		for _, line := range lines {
			source, _ := line.(object)["source_workspace"].(object)
			if ws, _ := source["id"].(int64); m.role(u, ws) == 0 {
				no := forbidden()
				return &no
			}
		}
	}
	return nil
}

// Remember stores the bytes of a response that a replay must repeat. The caller gives the
// same bearer, operation and key as in the request.
func (m *Model) Remember(bearer int, operation, key string, raw []byte) {
	c, refused := m.authenticate(bearer)
	if refused != nil || key == "" {
		return
	}
	if stored := m.kept[keptKey{c.id(), c.app, c.workspace, operation, key}]; stored != nil && stored.raw == nil {
		stored.raw = append([]byte{}, raw...)
	}
}
