package model

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

type refreshToken struct {
	family         int
	user           int64
	workspace      int64
	epoch          int64
	expires        time.Time
	spent, revoked bool          // spent: its successor has been used
	before, next   *refreshToken // in the same session; nil for none
}

// refreshTTL is how long a refresh token can be used.
const refreshTTL = 30 * 24 * time.Hour

// counter counts until it expires.
type counter struct {
	n       int
	expires time.Time
}

func (m *Model) count(key string, ttl time.Duration) *counter {
	c := m.counters[key]
	if c == nil || !m.now.Before(c.expires) {
		c = &counter{0, m.now.Add(ttl)}
		m.counters[key] = c
	}
	c.n++
	return c
}

func (m *Model) counted(key string) *counter {
	c := m.counters[key]
	if c == nil || !m.now.Before(c.expires) {
		return &counter{}
	}
	return c
}

// tooMany returns the 1105 body: 429 for an address, 401 for a locked account.
func (m *Model) tooMany(status int, until time.Time) Answer {
	wait := strconv.Itoa(int(math.Ceil(until.Sub(m.now).Seconds())))
	return refusal(status, 1105, "TooManyRequests").with("Retry-After", wait)
}

// Password describes the password in a sign-in.
type Password int

// The passwords.
const (
	Right Password = iota
	Wrong
	NoDigest // what cannot be a SHA-1
)

// attempt counts an authentication of an address: 100 in five minutes are allowed.
func (m *Model) attempt(from string) *Answer {
	if c := m.count("attempts\x00"+network(from), 5*time.Minute); c.n > 100 {
		no := m.tooMany(429, c.expires)
		return &no
	}
	return nil
}

// network returns what counts as one address: of IPv6 the first half.
func network(from string) string {
	addr := netip.MustParseAddr(from)
	if addr.Is4() {
		return from
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

// BadSignIn models a sign-in of no known kind.
func (m *Model) BadSignIn(from string) Answer {
	if no := m.attempt(from); no != nil {
		return *no
	}
	return badRequest()
}

// SignIn models a sign-in with a user name and a password. A success gives a bearer and a refresh
// token.
func (m *Model) SignIn(username string, p Password, from string) Answer {
	if no := m.attempt(from); no != nil {
		return *no
	}
	if p == NoDigest {
		return badRequest()
	}
	username = strings.ToLower(username)
	lock := "failures\x00" + username + " " + network(from)
	if c := m.counted(lock); c.n >= 3 {
		return m.tooMany(401, c.expires)
	}
	budget := "guesses\x00" + username
	if c := m.counted(budget); c.n >= 100 {
		m.endAttempt(username)
		return m.tooMany(401, c.expires)
	}
	m.endAttempt(username)
	u := m.userNamed(username)
	if u == nil || p == Wrong || u.status != active || m.startWorkspace(u) == 0 {
		m.count(budget, time.Hour)
		if c := m.count(lock, 24*time.Hour); c.n >= 3 {
			c.expires = m.now.Add(5 * time.Minute)
		}
		return refusedSignIn()
	}
	delete(m.counters, lock)
	m.families++
	return m.session(u, m.startWorkspace(u), m.families)
}

// endAttempt removes an attempt that was counted while its password was compared.
func (m *Model) endAttempt(username string) {
	m.count("guesses under way\x00"+username, time.Minute).n--
}

func (m *Model) userNamed(username string) *user {
	for _, u := range m.users {
		if u.username == username {
			return u
		}
	}
	return nil
}

// startWorkspace returns the default Workspace, or the first of which the user is a member.
func (m *Model) startWorkspace(u *user) int64 {
	var ids []int64
	for id, member := range u.members {
		if !member.suspended {
			ids = append(ids, id)
		}
	}
	switch {
	case slices.Contains(ids, u.home), len(ids) == 0 && u.super:
		return u.home
	case len(ids) == 0:
		return 0
	}
	return slices.Min(ids)
}

func (m *Model) session(u *user, ws int64, family int) Answer {
	m.giveBearer(&issuedBearer{user: u.id, workspace: ws, epoch: u.epoch, family: family})
	m.refresh = append(m.refresh, &refreshToken{family: family, user: u.id, workspace: ws, epoch: u.epoch, expires: m.now.Add(refreshTTL)})
	return Answer{Status: 200, Secret: true}
}

// giveBearer sets the times of a bearer. A JWT has whole seconds.
func (m *Model) giveBearer(b *issuedBearer) {
	b.expires = m.now.Add(bearerTTL).Truncate(time.Second)
	m.bearers = append(m.bearers, b)
}

// SignInApplication models a sign-in with the right application token of a Workspace.
func (m *Model) SignInApplication(id, ws int64, from string) Answer {
	if no := m.attempt(from); no != nil {
		return *no
	}
	m.giveBearer(&issuedBearer{app: id, workspace: ws})
	return Answer{Status: 200, Secret: true}
}

// Refresh uses one of the issued refresh tokens; -1 means an unknown one.
func (m *Model) Refresh(bearer int, from string) Answer {
	if no := m.attempt(from); no != nil {
		return *no
	}
	if bearer < 0 {
		return refusedSignIn()
	}
	t := m.refresh[bearer]
	if t.spent && !t.revoked { // the token was copied
		m.endFamily(t.family)
		m.addEvent(event{kind: 6, severity: 2, workspace: t.workspace, user: t.user,
			words: "A used refresh token of user " + m.users[t.user].username + " was used again: the session has ended"})
		return refusedSignIn()
	}
	u := m.users[t.user]
	if t.revoked || !m.now.Before(t.expires) || u.status != active || u.epoch != t.epoch || m.role(u, t.workspace) == 0 {
		return refusedSignIn()
	}
	if t.before != nil {
		t.before.spent = true
	}
	m.giveBearer(&issuedBearer{user: u.id, workspace: t.workspace, epoch: u.epoch, family: t.family})
	if t.next == nil {
		t.next = &refreshToken{family: t.family, user: u.id, workspace: t.workspace, epoch: u.epoch, before: t}
	}
	t.next.expires = m.now.Add(refreshTTL)
	m.refresh = append(m.refresh, t.next) // the same once more, if it was given out before
	return Answer{Status: 200, Secret: true}
}

// Logout ends the session of a user, or all of them.
func (m *Model) Logout(bearer int, everywhere, malformed bool) Answer {
	c, refused := m.admit(bearer, anyUser)
	switch {
	case refused != nil:
		return *refused
	case malformed:
		return badRequest()
	case everywhere:
		c.user.epoch++
	default:
		m.endFamily(m.bearers[bearer].family)
	}
	return Answer{Status: 204}
}

// endFamily ends a session: its bearers and its refresh tokens become invalid.
func (m *Model) endFamily(family int) {
	m.ended[family] = true
	for _, t := range m.refresh {
		t.revoked = t.revoked || t.family == family
	}
}

// Switch returns a bearer of another Workspace; malformed is set if the body names none.
func (m *Model) Switch(bearer int, target int64, malformed bool) Answer {
	c, refused := m.authenticate(bearer)
	switch {
	case refused != nil:
		return *refused
	case malformed:
		return badRequest()
	case c.user == nil || m.role(c.user, target) == 0:
		return noBearer()
	}
	given := &issuedBearer{user: c.user.id, workspace: target, epoch: c.user.epoch, family: m.bearers[bearer].family}
	m.giveBearer(given)
	if of := m.bearers[bearer]; of.expires.Before(given.expires) {
		given.expires = of.expires // a switch extends no session
	}
	m.addEvent(event{kind: 67, workspace: target, user: c.user.id,
		words: "User " + c.user.username + " switched to workspace " + m.workspaces[target].name})
	return Answer{Status: 200, Secret: true}
}
