package traffic

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// began is the time at which the requests of these tests begin.
var began = time.Unix(1_700_000_000, 0)

// at returns an instant, in seconds since the tests began.
func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// attempt is an attempt that lasts a second; each test orders them by their number.
func attempt(status int, header http.Header, body string) *Attempt {
	return &Attempt{Status: status, Header: header, Body: []byte(body)}
}

func done(entry int64, sims ...int64) *Attempt {
	moved := make([]string, len(sims))
	for i, s := range sims {
		moved[i] = fmt.Sprintf(`{"id":%d,"status":{"id":1},"source_workspace":{"id":100},"endpoint":{"id":%d}}`, s, 8000+s)
	}
	e := Entry{ID: entry}
	return attempt(http.StatusOK, http.Header{"Location": {e.Location()}}, `{"sims":[`+strings.Join(moved, ",")+`]}`)
}

func replayed(a *Attempt) *Attempt {
	header := a.Header.Clone()
	header.Set("Idempotent-Replayed", "true")
	return attempt(a.Status, header, string(a.Body))
}

func noReply() *Attempt { return &Attempt{Err: http.ErrServerClosed} }
func later() *Attempt {
	return attempt(http.StatusServiceUnavailable, http.Header{"Retry-After": {"1"}}, "")
}
func conflict() *Attempt { return attempt(http.StatusConflict, http.Header{}, "") }
func notFound() *Attempt { return attempt(http.StatusNotFound, http.Header{}, "") }
func written() *Attempt  { return attempt(http.StatusNoContent, http.Header{}, "") }

// journal returns the journal of a client that made the attempts one after the other.
func journal(requests ...*Request) *Journal {
	j, n := new(Journal), 0
	for _, r := range requests {
		j.requests = append(j.requests, r)
		for _, a := range r.attempts {
			a.Request, a.Sent, a.Ended = r, at(n), at(n+1)
			n += 2
		}
	}
	return j
}

func migration(key string, attempts ...*Attempt) *Request {
	return &Request{Kind: Migrate, Key: key, target: 200, sims: []int64{1, 2}, attempts: attempts}
}

// entry returns the entry of such a migration, made during the n-th attempt.
func entry(id int64, n int, key string) *Entry {
	e := &Entry{ID: id, Kind: migrationEntry, User: 1, At: at(2 * n).Add(time.Millisecond), Target: 200, SIMs: 2, Key: key}
	for _, s := range []int64{1, 2} {
		e.Lines = append(e.Lines, Line{SIM: s, Version: id, From: 100, To: 200, Was: 1, Is: 2, Unplugged: 8000 + s})
	}
	return e
}

func changed(e *Entry, change func(*Entry)) *Entry {
	change(e)
	return e
}

type checkCase struct {
	journal *Journal
	ledger  []*Entry
	want    string // how a failure begins; "" if nothing is wrong
}

func ledger(entries ...*Entry) []*Entry { return entries }

// checkCases are migrations that are found by their time as well as without it.
func checkCases() map[string]checkCase {
	return map[string]checkCase{
		"done":                      {journal(migration("", done(7, 1, 2))), ledger(entry(7, 0, "")), ""},
		"done under a key":          {journal(migration("k", noReply(), later(), done(7, 1, 2))), ledger(entry(7, 2, "k")), ""},
		"done by the lost attempt":  {journal(migration("k", noReply(), replayed(done(7, 1, 2)))), ledger(entry(7, 0, "k")), ""},
		"lost":                      {journal(migration("", done(7, 1, 2))), nil, "I5: "},
		"another target":            {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Target = 300 })), "I5: "},
		"other SIMs":                {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines[1].SIM = 3 })), "I5: "},
		"a SIM less":                {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines = e.Lines[:1] })), "I5: "},
		"another source":            {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines[0].From = 300 })), "I5: "},
		"another status before":     {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines[0].Was = 0 })), "I5: "},
		"another device":            {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines[0].Unplugged = 1 })), "I5: "},
		"still in a device":         {journal(migration("", done(7, 1, 2))), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Lines[0].Plugged = 1 })), "I5: "},
		"answered with other SIMs":  {journal(migration("", done(7, 1))), ledger(entry(7, 0, "")), "I5: "},
		"without its key":           {journal(migration("k", done(7, 1, 2))), ledger(entry(7, 0, "")), "I6: "},
		"done twice":                {journal(migration("k", noReply(), done(8, 1, 2))), ledger(entry(7, 0, "k"), entry(8, 1, "k")), "I6: "},
		"two answers":               {journal(migration("k", done(7, 1, 2), replayed(done(8, 1, 2)))), ledger(entry(7, 0, "k")), "I6: "},
		"answered again, no replay": {journal(migration("k", done(7, 1, 2), done(7, 1, 2))), ledger(entry(7, 0, "k")), "I6: "},
		"done, and refused":         {journal(migration("k", done(7, 1, 2), conflict())), ledger(entry(7, 0, "k")), "I6: "},
		"refused, then done":        {journal(migration("k", notFound(), done(7, 1, 2))), ledger(entry(7, 1, "k")), "I6: "},
		"refused, and not found":    {journal(migration("k", conflict(), notFound())), nil, "I6: "},
		"refused":                   {journal(migration("", conflict())), nil, ""},
		"refused, replayed":         {journal(migration("k", conflict(), replayed(conflict()))), nil, ""},
		"refused, and done":         {journal(migration("", conflict())), ledger(entry(7, 0, "")), "I7: "},
		"not found, and done":       {journal(migration("k", notFound())), ledger(entry(7, 0, "k")), "I7: "},
		"no reply, done":            {journal(migration("", noReply())), ledger(entry(7, 0, "")), ""},
		"no reply, not done":        {journal(migration("", later())), nil, ""},
		"no reply, another target":  {journal(migration("", noReply())), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.Target = 300 })), "I"},
		"a dry run":                 {journal(&Request{Kind: Preview, target: 200, sims: []int64{1, 2}, attempts: []*Attempt{noReply()}}), ledger(entry(7, 0, "")), "I"},
		"a refusal that was due":    {journal(&Request{Kind: Migrate, target: 200, sims: []int64{1, 2}, mustFail: true, attempts: []*Attempt{noReply()}}), ledger(entry(7, 0, "")), "I"},
		"of another user":           {journal(migration("", noReply())), ledger(changed(entry(7, 0, ""), func(e *Entry) { e.User = 2 })), "I7: "},
		"one location twice": {
			journal(migration("", done(7, 1, 2)), migration("", done(7, 1, 2))), ledger(entry(7, 0, "")), "I6: ",
		},
	}
}

func TestCheck(t *testing.T) {
	for _, clockJumps := range []bool{false, true} {
		for name, tt := range checkCases() {
			t.Run(fmt.Sprintf("%s, clock jumps %t", name, clockJumps), func(t *testing.T) {
				if clockJumps {
					for i, e := range tt.ledger {
						e.At = at(-1000 * (i + 1))
					}
				}
				c := Checker{ClockJumps: clockJumps}
				expect(t, c.compare(tt.ledger, tt.journal), tt.want)
				expect(t, c.compare(nil, tt.journal), "") // nothing is new
			})
		}
	}
}

func expect(t *testing.T, got []string, want string) {
	t.Helper()
	if (want == "") != (len(got) == 0) || len(got) > 0 && !strings.HasPrefix(got[0], want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// patch and plug change SIM 1000, which is issued, or 1001, which is activated and in a device.
func patch(sim, status int64, attempts ...*Attempt) *Request {
	return &Request{Kind: Patch, sims: []int64{sim}, status: status, attempts: attempts}
}

func plug(device int64, sims []int64, attempts ...*Attempt) *Request {
	return &Request{Kind: Plug, device: device, sims: sims, attempts: attempts}
}

// write returns entry 7, which one SIM has, made during the n-th attempt.
func write(n, kind int, l Line) *Entry {
	const id = 7
	l.Version, l.From, l.To = id, 100, 100
	return &Entry{ID: id, Kind: kind, User: 1, At: at(2 * n).Add(time.Millisecond), SIMs: 1, Lines: []Line{l}}
}

func TestCheckOtherWrites(t *testing.T) {
	inDevice := Line{SIM: 1001, Was: activated, Is: suspended, Unplugged: deviceFirst + 1, Plugged: deviceFirst + 1}
	detached := Line{SIM: 1001, Was: activated, Is: activated, Unplugged: deviceFirst + 1}
	attached := Line{SIM: 1000, Was: issued, Is: activated, Plugged: deviceFirst}
	for name, tt := range map[string]checkCase{
		"a status":                     {journal(patch(1001, suspended, written())), ledger(write(0, statusEntry, inDevice)), ""},
		"another status":               {journal(patch(1001, activated, written())), ledger(write(0, statusEntry, inDevice)), "I5: "},
		"another SIM":                  {journal(patch(1000, suspended, written())), ledger(write(0, statusEntry, inDevice)), "I5: "},
		"a status, and a device":       {journal(patch(1001, suspended, written())), ledger(write(0, statusEntry, Line{SIM: 1001, Is: suspended, Plugged: 5})), "I5: "},
		"as it was":                    {journal(patch(1001, activated, written())), nil, ""},
		"never so":                     {journal(patch(1001, suspended, written())), nil, "I5: "},
		"as it was before a change":    {journal(patch(1001, activated, written()), patch(1001, suspended, written())), ledger(write(1, statusEntry, inDevice)), ""},
		"no longer so":                 {journal(patch(1001, suspended, written()), patch(1001, activated, written())), ledger(write(0, statusEntry, inDevice)), "I5: "},
		"detached":                     {journal(plug(deviceFirst+1, nil, written())), ledger(write(0, detachEntry, detached)), ""},
		"detached from another device": {journal(plug(deviceFirst+2, nil, written())), ledger(write(0, detachEntry, detached)), "I5: "},
		"nothing to detach":            {journal(plug(deviceFirst, nil, written())), nil, ""},
		"attached":                     {journal(plug(deviceFirst, []int64{1000}, written())), ledger(write(0, attachEntry, attached)), ""},
		"attached to another device":   {journal(plug(deviceFirst+2, []int64{1000}, written())), ledger(write(0, attachEntry, attached)), "I5: "},
		"attached already":             {journal(plug(deviceFirst+1, []int64{1001}, written())), nil, ""},
		"never attached":               {journal(plug(deviceFirst, []int64{1000}, written())), nil, "I5: "},
		"refused, and attached":        {journal(plug(deviceFirst, []int64{1000}, notFound())), ledger(write(0, attachEntry, attached)), "I7: "},
		"no reply, attached":           {journal(plug(deviceFirst, []int64{1000}, noReply())), ledger(write(0, attachEntry, attached)), ""},
		"no reply, attached elsewhere": {journal(plug(deviceFirst+2, []int64{1000}, noReply())), ledger(write(0, attachEntry, attached)), "I5: "},
		"between two requests":         {journal(patch(1001, activated, written())), ledger(changed(write(0, statusEntry, inDevice), func(e *Entry) { e.At = at(9) })), "I7: "},
	} {
		t.Run(name, func(t *testing.T) {
			var c Checker
			expect(t, c.compare(tt.ledger, tt.journal), tt.want)
		})
	}
}

// A request that was checked is checked again when its entry appears later.
func TestCheckContinues(t *testing.T) {
	r := migration("k", noReply())
	j, c := journal(r), Checker{}
	expect(t, c.compare(nil, j), "")
	expect(t, c.compare(ledger(entry(7, 0, "k")), j), "")
	a := replayed(done(7, 1, 2))
	a.Request, a.Sent, a.Ended = r, at(10), at(11)
	r.attempts = append(r.attempts, a)
	expect(t, c.compare(nil, j), "")
	expect(t, c.compare(ledger(entry(8, 0, "k")), j), "I6: ")
}

func TestAnomalies(t *testing.T) {
	internal := attempt(http.StatusInternalServerError, http.Header{}, "")
	bare := attempt(http.StatusServiceUnavailable, http.Header{}, "")
	signedOut := func() *Attempt { return attempt(http.StatusUnauthorized, http.Header{}, "") }
	refusal := func(a *Attempt) *Request { return &Request{Kind: Migrate, mustFail: true, attempts: []*Attempt{a}} }
	for name, tt := range map[string]struct {
		request *Request
		expires bool
		want    string
	}{
		"a success":                   {migration("", done(7, 1, 2)), false, ""},
		"a conflict":                  {migration("", conflict()), false, ""},
		"no reply":                    {migration("", noReply()), false, ""},
		"try again":                   {migration("", later()), false, ""},
		"try again, without a time":   {migration("", bare), false, "I12: "},
		"an internal error":           {migration("", internal), false, "I12: "},
		"signed out":                  {migration("", signedOut()), false, "client 0"},
		"an expired session":          {migration("", signedOut()), true, ""},
		"an unknown SIM":              {migration("", notFound()), false, "client 0"},
		"a SIM of another Workspace":  {plug(1, nil, notFound()), false, ""},
		"a refusal":                   {refusal(notFound()), false, ""},
		"a success that must not be":  {refusal(done(7, 1, 2)), false, "I7: "},
		"a write that must be served": {patch(1, 1, notFound()), false, "client 0"},
	} {
		t.Run(name, func(t *testing.T) {
			var j Journal
			a := tt.request.attempts[0]
			a.Request = tt.request
			if err := j.end(a, tt.expires); err != nil {
				t.Fatal(err)
			}
			expect(t, j.TakeAnomalies(), tt.want)
			expect(t, j.TakeAnomalies(), "")
		})
	}
}
