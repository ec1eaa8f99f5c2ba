package fleet

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuditID names an entry of the audit log.
type AuditID int64

// AuditEntry says who did something, or was refused it, from where and with which request.
// It never holds a secret, nor what somebody typed as a user name: that may be a password.
type AuditEntry struct {
	ID         AuditID
	Time       time.Time
	Workspaces []WorkspaceID // whose Administrators read it; none: it is the installation's
	Actor      Actor
	User       UserID  // of the actor; of whom signs in
	Token      TokenID // likewise
	Address    string  // of the client, "" for a command
	RequestID  string  // as in the log and in X-Request-Id, "" for a command
	Action     AuditAction
	Refusal    Code // why it was refused; 0 if it was done
	Subject    AuditSubject
	Migration  MigrationID // the ledger entry that came with it, 0 for none
	Detail     AuditDetail

	Seq  int64  // the place in the chain, from 1; 0 while it is not linked
	Hash []byte // of this link and, by it, of all before
}

// Actor says what kind of caller did something.
type Actor int8

// The actors.
const (
	ActorNobody      Actor = 0 // has not signed in
	ActorUser        Actor = 1
	ActorToken       Actor = 2 // an application token
	ActorCommand     Actor = 3 // the operator, by a command on the database
	ActorOperatorAPI Actor = 4 // the operator, by the operator API
	ActorServer      Actor = 5 // the server by itself
)

// Actors lists every actor with its wire name, by id.
var Actors = []Named[Actor]{
	{ID: ActorNobody, Name: "Nobody"},
	{ID: ActorUser, Name: "User"},
	{ID: ActorToken, Name: "Application Token"},
	{ID: ActorCommand, Name: "Operator Command"},
	{ID: ActorOperatorAPI, Name: "Operator API"},
	{ID: ActorServer, Name: "Server"},
}

// AuditSubject is the one thing that an entry is about; the zero value is none, or several,
// which the entry's detail counts.
type AuditSubject struct {
	Kind string // sim, device, user, application_token, key, workspace, second_factor, trusted_device
	ID   string
}

// Subject names a thing by its number.
func Subject[T ~int64](kind string, id T) AuditSubject {
	return AuditSubject{kind, strconv.FormatInt(int64(id), 10)}
}

// The outcomes.
const (
	AuditDone    = "done"
	AuditRefused = "refused"
)

// Outcome is AuditDone or AuditRefused.
func (e AuditEntry) Outcome() string {
	if e.Refusal != 0 {
		return AuditRefused
	}
	return AuditDone
}

// Places is Workspaces as a text: ascending and each once, with commas; "0" for the
// installation.
func (e AuditEntry) Places() string {
	places := e.PlaceIDs()
	words := make([]string, len(places))
	for i, id := range places {
		words[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(words, ",")
}

// PlaceIDs is Places as numbers.
func (e AuditEntry) PlaceIDs() []int64 {
	places := make([]int64, 0, max(1, len(e.Workspaces)))
	for _, w := range e.Workspaces {
		places = append(places, int64(w))
	}
	if len(places) == 0 {
		return append(places, 0)
	}
	slices.Sort(places)
	return slices.Compact(places)
}
