package outbox

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/faults"
)

// scene is the state at the end of a site.
type scene struct {
	requests []*request
	rows     map[string]row
	messages []message
}

func sound() scene {
	return scene{
		requests: []*request{
			{recipient: "zoe@example.com", workspace: 100, place: "Fleet 100", key: "k", status: 201},
			{recipient: "zoe@example.com", workspace: 100, place: "Fleet 100", key: "l", status: 409},
			{recipient: gone + "ada@example.com", workspace: 100, place: "Fleet 100", key: "m", status: 201},
			{recipient: "no@example.com", workspace: 100, place: "Fleet 100", key: "n", status: 403},
			{recipient: "forgetful@example.com", unknown: 1},
		},
		rows: map[string]row{
			"1": {recipient: "zoe@example.com", place: "Fleet 100", done: delivered},
			"2": {recipient: gone + "ada@example.com", place: "Fleet 100", done: givenUp},
			"3": {recipient: "forgetful@example.com", done: delivered},
		},
		messages: []message{
			{uid: "1", recipient: "zoe@example.com", key: "secret"},
			{uid: "1", recipient: "zoe@example.com", key: "secret"},
			{uid: "3", recipient: "forgetful@example.com", key: "other"},
		},
	}
}

func (s scene) row(uid string, change func(*row)) {
	r := s.rows[uid]
	change(&r)
	s.rows[uid] = r
}

// A check that never fails would pass every time.
func TestCheckReportsEveryFault(t *testing.T) {
	tests := map[string]struct {
		change func(*scene)
		want   string // "" for nothing
	}{
		"nothing":                             {func(*scene) {}, ""},
		"the unknown request was not applied": {func(s *scene) { delete(s.rows, "3"); s.messages = s.messages[:2] }, ""},
		"no mail":                             {func(s *scene) { delete(s.rows, "1"); s.messages = s.messages[2:] }, "I10: a mail to zoe@example.com"},
		"two mails":                           {func(s *scene) { s.rows["4"] = s.rows["1"]; s.messages[1].uid = "4" }, "I7: there are 2 mails to zoe@example.com"},
		"a mail of what was refused": {func(s *scene) {
			s.rows["4"] = row{recipient: "no@example.com", place: "Fleet 100", done: givenUp}
		}, "I7: there are 1 mails to no@example.com"},
		"half an invitation": {func(s *scene) { s.requests[3].status = 409 }, "I6: the invitation of no@example.com"},
		"another id":         {func(s *scene) { s.messages[1].uid = "1-2" }, "I10: a message to zoe@example.com has the id 1-2"},
		"another key":        {func(s *scene) { s.messages[1].key = "new" }, "came with two keys"},
		"too early":          {func(s *scene) { s.messages[0].isBeforeCommit = true }, "came before its transaction had committed"},
		"another user's":     {func(s *scene) { s.messages[0].recipient = "eve@example.com" }, "I10: the message 1 for zoe@example.com went to eve@example.com"},
		"never arrived":      {func(s *scene) { s.messages = s.messages[2:] }, "counts as delivered, and never arrived"},
		"given up":           {func(s *scene) { s.row("1", func(r *row) { r.done = givenUp }) }, "I10: the mail 1 to zoe@example.com was given up"},
		"not blanked":        {func(s *scene) { s.row("1", func(r *row) { r.secret = "secret" }) }, "keeps its key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := sound()
			tt.change(&s)
			a := &fixture{people: &people{all: s.requests}, res: &faults.Result{}}
			a.judge(s.rows, s.messages)
			confirmed := strings.Join(a.res.First, "\n")
			if tt.want == "" && confirmed != "" || !strings.Contains(confirmed, tt.want) {
				t.Errorf("reported %q, want %q", confirmed, tt.want)
			}
		})
	}
}
