package model_test

import (
	"encoding/json"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/test/model"
)

type object = map[string]any

// sentRequests are the requests that were sent, in order to repeat them.
type sentRequests struct {
	keys     int
	keyed    []sentMigration // with an Idempotency-Key
	previews []sentMigration // dry runs and their tags
	writes   []write         // others that had a key
}

type write struct {
	bearer int
	send   func(bearer int, again string)
}

type sentMigration struct {
	bearer  int
	request model.MigrationRequest
	text    string // the body as it was written
	tag     string
}

// evenInts draws evenly: rapid's own integers prefer small numbers and edges, with which the
// first of every list would crowd out the rest. It shrinks to 0.
var evenInts = rapid.Custom(func(t *rapid.T) int {
	n := 0
	for range 12 {
		n <<= 1
		if rapid.Bool().Draw(t, "bit") {
			n |= 1
		}
	}
	return n
})

// index draws one of 0 to n-1.
func (p *pair) index(n int, what string) int { return evenInts.Draw(p.t, what) % n }

// chance returns true once in n draws.
func (p *pair) chance(n int, what string) bool { return p.index(n, what) == n-1 }

func pick[T any](p *pair, list []T, what string) T { return list[p.index(len(list), what)] }

// some picks least to most items; one can come twice.
func some[T any](p *pair, list []T, least, most int, what string) []T {
	picked := make([]T, least+p.index(most-least+1, what+", how many"))
	for i := range picked {
		picked[i] = pick(p, list, what)
	}
	return picked
}

// caller draws a bearer: mostly one that counts.
func (p *pair) caller() int {
	if p.chance(16, "odd caller") {
		return p.index(p.model.Bearers()-garbled, "caller") + garbled
	}
	var valid []int
	for bearer := range p.model.Bearers() {
		if p.model.Valid(bearer) {
			valid = append(valid, bearer)
		}
	}
	if len(valid) == 0 {
		return nobody
	}
	return pick(p, valid, "caller")
}

// again returns mostly the same caller as before, with the newest bearer for that Workspace.
func (p *pair) again(before int) int {
	if before < 0 || p.chance(6, "by another") {
		return p.caller()
	}
	for bearer := p.model.Bearers() - 1; bearer >= 0; bearer-- {
		if p.model.Same(bearer, before) {
			return bearer
		}
	}
	return before
}

// known returns a SIM, mostly one that the caller can see.
func (p *pair) known(bearer int) int64 {
	if list := p.model.Visible(bearer); len(list) > 0 && !p.chance(4, "any sim") {
		return pick(p, list, "sim")
	}
	return pick(p, someSIMs, "sim")
}

// mover prefers an Administrator of much, so that most migrations come far.
func (p *pair) mover() int {
	var movers []int
	for bearer := range p.model.Bearers() {
		if p.model.Valid(bearer) && p.model.MovesMuch(bearer) {
			movers = append(movers, bearer)
		}
	}
	if len(movers) == 0 || p.chance(4, "anybody") {
		return p.caller()
	}
	return pick(p, movers, "mover")
}

// freshKey returns an unused key, bare or quoted.
func (p *pair) freshKey() string {
	p.sent.keys++
	return "key " + strconv.Itoa(p.sent.keys)
}

// write encodes a body: ids plain or as 250.0, which means the same.
func (p *pair) write(body object) string {
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.chance(8, "decimal ids") {
		return decimalIDs(string(text))
	}
	return string(text)
}

// decimalIDs writes {"id":250} as {"id":250.0}.
func decimalIDs(text string) string {
	var b strings.Builder
	for {
		before, after, more := strings.Cut(text, `"id":`)
		b.WriteString(before)
		if !more {
			return b.String()
		}
		n := len(after) - len(strings.TrimLeft(after, "-0123456789"))
		b.WriteString(`"id":` + after[:n])
		if n > 0 { // null stays
			b.WriteString(".0")
		}
		text = after[n:]
	}
}

func ref(id int64) object { return object{"id": id} }

func refs(ids []int64) []object {
	list := make([]object, len(ids))
	for i, id := range ids {
		list[i] = ref(id)
	}
	return list
}

// key draws an Idempotency-Key, mostly none: one that others use too, or a fresh one.
func (p *pair) key(shared ...string) string {
	if !p.chance(3, "key") {
		return ""
	}
	return pick(p, append(shared, p.freshKey()), "which key")
}

func keyHeader(key string) map[string]string {
	if key == "" {
		return map[string]string{}
	}
	return map[string]string{"Idempotency-Key": key}
}

// writeOnce sends a write, and remembers one that has a key.
func (p *pair) writeOnce(bearer int, key string, send func(bearer int, again string)) {
	send(bearer, "")
	if key != "" {
		p.sent.writes = append(p.sent.writes, write{bearer, send})
	}
}

// writeAgain sends one of the last writes again as it was, under its key, when much may have
// happened.
func (p *pair) writeAgain() {
	if n := len(p.sent.writes); n > 0 {
		last := max(0, n-10)
		w := p.sent.writes[last+p.index(n-last, "again")]
		w.send(p.again(w.bearer), " again")
	}
}
