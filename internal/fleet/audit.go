package fleet

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuditID identifies an entry of the audit log.
type AuditID int64

// AuditEntry records an action or a denied action: the actor, the address and the request. It
// never holds a secret, nor a user name as typed at sign-in, which may be a password.
type AuditEntry struct {
	ID         AuditID
	Time       time.Time
	Workspaces []WorkspaceID // whose Administrators can read it; empty for the installation
	Actor      Actor
	User       UserID  // the actor, or the user who signs in
	Token      TokenID // see above
	Address    string  // of the client, "" for a command
	RequestID  string  // as in the log and in X-Request-Id, "" for a command
	Action     AuditAction
	Refusal    Code // why it was denied; 0 if it was done
	Subject    AuditSubject
	Migration  MigrationID // the ledger entry that came with it, 0 for none
	Detail     AuditDetail

	Seq  int64  // the place in the chain, from 1; 0 while it is not linked
	Hash []byte // of this link and, by it, of all before
}

// Actor is the kind of caller.
type Actor int8

// The actors.
const (
	ActorNobody      Actor = 0 // not signed in
	ActorUser        Actor = 1
	ActorToken       Actor = 2 // an application token
	ActorCommand     Actor = 3 // the operator, with a command on the database
	ActorOperatorAPI Actor = 4 // the operator, through the operator API
	ActorServer      Actor = 5 // the server itself
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

// AuditSubject is the object of an entry. The zero value stands for none, or for several, which
// the entry's detail counts.
type AuditSubject struct {
	Kind string // one of AuditSubjects
	ID   string
}

// AuditSubjects is the closed list of kinds of subjects.
var AuditSubjects = []string{
	"sim", "device", "user", "application_token", "key", "workspace", "second_factor", "trusted_device", "receiving_code", "offer", "sim_request", "inquiry", "job", "rule_set",
}

// Subject returns the subject with an id.
func Subject[T ~int64](kind string, id T) AuditSubject {
	return AuditSubject{kind, strconv.FormatInt(int64(id), 10)}
}

// The outcomes.
const (
	AuditDone    = "done"
	AuditRefused = "refused"
)

// Outcome returns AuditDone or AuditRefused.
func (e AuditEntry) Outcome() string {
	if e.Refusal != 0 {
		return AuditRefused
	}
	return AuditDone
}

// Places returns Workspaces as text: ascending, without duplicates, separated by commas; "0"
// for the installation.
func (e AuditEntry) Places() string {
	places := e.PlaceIDs()
	words := make([]string, len(places))
	for i, id := range places {
		words[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(words, ",")
}

// PlaceIDs returns Places as numbers.
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
