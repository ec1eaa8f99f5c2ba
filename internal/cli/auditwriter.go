package cli

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// auditWriters are the forms of an export.
var auditWriters = map[string]func(io.Writer) (listWriter[control.AuditRecord], error){
	"csv": newAuditCSV,
	"json": func(w io.Writer) (listWriter[control.AuditRecord], error) {
		return auditJSON{json.NewEncoder(w)}, nil
	},
}

// auditLine is an entry in an export. Times have microseconds: the chain is over them.
type auditLine struct {
	ID         int64           `json:"id"`
	Time       string          `json:"timestamp"`
	Workspaces []int64         `json:"workspaces"` // empty for the installation
	Actor      string          `json:"actor"`
	User       int64           `json:"user,omitempty"`
	Username   string          `json:"username,omitempty"`
	Token      int64           `json:"application_token,omitempty"`
	Address    string          `json:"address,omitempty"`
	RequestID  string          `json:"request_id,omitempty"`
	Action     string          `json:"action"`
	Outcome    string          `json:"outcome"`
	ErrorCode  int64           `json:"error_code,omitempty"`
	Subject    string          `json:"subject_type,omitempty"`
	SubjectID  string          `json:"subject,omitempty"`
	Migration  int64           `json:"migration,omitempty"`
	Detail     json.RawMessage `json:"detail,omitempty"`
	Seq        int64           `json:"seq,omitempty"`
	Hash       string          `json:"hash,omitempty"`
}

func lineOf(a control.AuditRecord) auditLine {
	l := auditLine{
		ID: int64(a.ID), Time: a.Time.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), Workspaces: make([]int64, len(a.Workspaces)),
		Actor: word(fleet.Actors, a.Actor), User: int64(a.User), Username: a.Username, Token: int64(a.Token), Address: a.Address,
		RequestID: a.RequestID, Action: string(a.Action), Outcome: a.Outcome(), ErrorCode: int64(a.Refusal), Subject: a.Subject.Kind,
		SubjectID: a.Subject.ID, Migration: int64(a.Migration), Detail: json.RawMessage(a.Details), Seq: a.Seq, Hash: hex.EncodeToString(a.Hash),
	}
	for i, w := range a.Workspaces {
		l.Workspaces[i] = int64(w)
	}
	return l
}

type auditJSON struct{ *json.Encoder }

func (w auditJSON) Write(a control.AuditRecord) error { return w.Encode(lineOf(a)) }
func (auditJSON) Close() error                        { return nil }

type auditCSV struct{ out *tablefile.Writer }

func newAuditCSV(w io.Writer) (listWriter[control.AuditRecord], error) {
	out, err := tablefile.NewWriter(w,
		"id", "timestamp", "workspaces", "actor", "user", "username", "application_token", "address", "request_id", "action", "outcome",
		"error_code", "subject_type", "subject", "migration", "detail", "seq", "hash")
	return auditCSV{out}, err
}

func (w auditCSV) Write(a control.AuditRecord) error {
	l := lineOf(a)
	places := make([]string, len(l.Workspaces))
	for i, id := range l.Workspaces {
		places[i] = strconv.FormatInt(id, 10)
	}
	return w.out.Write(
		strconv.FormatInt(l.ID, 10), l.Time, strings.Join(places, " "), l.Actor, numberText(l.User), l.Username, numberText(l.Token), l.Address,
		l.RequestID, l.Action, l.Outcome, numberText(l.ErrorCode), l.Subject, l.SubjectID, numberText(l.Migration), string(l.Detail),
		numberText(l.Seq), l.Hash)
}

func (w auditCSV) Close() error { return w.out.Close() }

// numberText returns "" for none.
func numberText(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
