package httpapi_test

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/mailer"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/smtptest"
)

// mailRoom sends the mails of a server to a mail server.
type mailRoom struct {
	s    *kit.Server
	mail *mailer.Mailer
	smtp *smtptest.Server
	seen int
}

func openMailRoom(t *testing.T, s *kit.Server) *mailRoom {
	t.Helper()
	server := smtptest.Open(t, false, nil)
	m, err := mailer.New(mailer.Options{
		URL: "smtp://" + server.Address + "?starttls=off", From: "Simferry <simferry@example.com>", Console: "https://sims.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &mailRoom{s: s, mail: m, smtp: server}
}

// letter is a mail as its recipient reads it.
type letter struct{ To, Subject, Text string }

// deliver sends all due mails and returns those that arrived.
func (m *mailRoom) deliver(t *testing.T) (letters []letter) {
	t.Helper()
	o := operator.New(m.s.Control)
	for {
		what, found, err := o.NextMail(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			break
		}
		if err := m.mail.Send(t.Context(), what); err != nil {
			t.Fatal(err)
		}
		if err := o.MailDone(t.Context(), what, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	all := m.smtp.Messages()
	for _, l := range all[m.seen:] {
		letters = append(letters, readLetter(t, l))
	}
	m.seen = len(all)
	return letters
}

func readLetter(t *testing.T, l smtptest.Message) letter {
	t.Helper()
	read, err := mail.ReadMessage(strings.NewReader(l.Text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(read.Body))
	if err != nil {
		t.Fatal(err)
	}
	return letter{To: l.To, Subject: read.Header.Get("Subject"), Text: strings.ReplaceAll(string(body), "\r\n", "\n")}
}

// wantLetters requires letters with these recipients and subjects, and returns them by recipient.
func (m *mailRoom) wantLetters(t *testing.T, what string, want ...string) []letter {
	t.Helper()
	got := m.deliver(t)
	slices.SortFunc(got, func(a, b letter) int { return strings.Compare(a.To, b.To) })
	lines := []string{}
	for _, l := range got {
		lines = append(lines, l.To+": "+l.Subject)
	}
	if diff := cmp.Diff(append([]string{}, want...), lines); diff != "" {
		t.Errorf("%s: the mails (-want +got):\n%s", what, diff)
	}
	return got
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// The receiver's Administrators get a mail of an offer and its reminders, and the giver how it
// ended. No mail names a user of the other side.
func TestOfferMails(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		post := openMailRoom(t, s)
		end := s.Clock.Now().Add(4 * time.Hour)
		offer := func(sims ...int64) string {
			t.Helper()
			body := plus(plus(offering(newCode(t, receiver, object{}), sims...), "reason", "sold to FR"), "reference", "CHG-7")
			return giver.Post(offers, plus(body, "expires_at", end.Format(time.RFC3339))).Is(http.StatusCreated).Header.Get("Location")
		}
		path := offer(kit.ActivatedSIM, kit.IssuedSIM)
		id := path[strings.LastIndex(path, "/")+1:]
		giver.Post(offers, plus(offering(newCode(t, receiver, object{}), kit.FirstSpareSIM), "dry_run", true)).Is(http.StatusOK)
		made := post.wantLetters(t, "made", "target@example.com: Fleet DE offers 2 SIMs to Fleet FR")
		mustContain(t, made[0].Text, "Reason: sold to FR", "Reference: CHG-7", "Answer by: "+end.UTC().Format("2 January 2006, 15:04"), "https://sims.example.com/offers/"+id)
		tend := func(step time.Duration) {
			t.Helper()
			s.Clock.Advance(step)
			var both sync.WaitGroup
			for range 2 { // two servers
				both.Go(func() {
					if err := s.Control.TendOffers(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		reminder := "target@example.com: Reminder: the offer of Fleet DE expires at " + end.UTC().Format("2 January 2006, 15:04 MST")
		tend(time.Hour)
		post.wantLetters(t, "before half time")
		tend(time.Hour)
		post.wantLetters(t, "half time", reminder)
		tend(time.Hour)
		last := post.wantLetters(t, "the last hour", reminder)
		tend(time.Minute)
		post.wantLetters(t, "after both reminders")
		tend(time.Hour)
		ended := post.wantLetters(t, "expired", "admin@example.com: Your offer to Fleet FR: expired")
		mustContain(t, ended[0].Text, "Refused: 2", "Reason: sold to FR", "https://sims.example.com/offers/"+id)
		hidden := map[string][]string{"target@example.com": {"admin@example.com", "Fleet admin"}, "admin@example.com": {"target@example.com", "Admin of the target"}}
		for _, l := range append(append(made, last...), ended...) {
			for _, name := range hidden[l.To] {
				if strings.Contains(l.Text, name) {
					t.Errorf("the mail to %s names %s:\n%s", l.To, name, l.Text)
				}
			}
		}
	})
}

// The creator of an offer gets its outcome, and no mail is sent about an offer that has been
// answered.
func TestOfferOutcomeMails(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		post := openMailRoom(t, s)
		many := make([]int64, 501)
		for i := range many {
			many[i] = kit.FirstSpareSIM + int64(i)
		}
		for _, end := range []struct {
			outcome string
			sims    []int64
			by      *kit.Client
			do      string
			body    object
		}{
			{"cancelled", []int64{kit.IssuedSIM}, giver, "/cancel", object{}},
			{"refused", []int64{kit.IssuedSIM}, receiver, "/refuse", object{"reason": "not ours"}},
			{"partly accepted", []int64{kit.ActivatedSIM, kit.IssuedSIM}, receiver, "/accept", object{"dry_run": false, "sims": []object{{"id": kit.ActivatedSIM}}}},
			{"accepted", []int64{kit.IssuedSIM}, receiver, "/accept", object{"dry_run": false}},
			{"accepted", many, receiver, "/accept", object{"dry_run": false}},
		} {
			path := madeOffer(t, giver, receiver, end.sims...)
			if got := end.by.Post(path+end.do, end.body); got.Status >= 300 {
				t.Fatalf("%s: %d %s", end.outcome, got.Status, got.Body)
			}
			s.RunJobs()
			post.wantLetters(t, fmt.Sprintf("%s, %d SIMs", end.outcome, len(end.sims)), "admin@example.com: Your offer to Fleet FR: "+end.outcome)
		}
		madeOffer(t, giver, receiver, kit.FirstSpareSIM+550)
		s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.Member)
		post.wantLetters(t, "to a user who is no longer Administrator")
	})
}

// A server with the setting offer_reminders=false sends no reminders, and one that was down for
// long sends only the last.
func TestOfferRemindersAreSkipped(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		post := openMailRoom(t, s)
		quiet, err := control.New(t.Context(), s.Store, control.Options{NoReminders: true, Password: kit.CheapPassword})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			*control.Control
			reminders int
		}{{s.Control, 1}, {quiet, 0}} {
			end := s.Clock.Now().Add(110 * time.Minute)
			body := offering(newCode(t, receiver, object{}), kit.FirstSpareSIM+int64(c.reminders))
			giver.Post(offers, plus(body, "expires_at", end.Format(time.RFC3339))).Is(http.StatusCreated)
			post.deliver(t)
			s.Clock.Advance(100 * time.Minute)
			if err := c.TendOffers(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(post.deliver(t), func(l letter) bool { return !strings.HasPrefix(l.Subject, "Reminder: ") })
			if len(got) != c.reminders {
				t.Errorf("%d reminders, want %d: %+v", len(got), c.reminders, got)
			}
		}
	})
}

// Administrators that can approve a job get one mail each; the user who made the job gets none.
func TestApprovalMails(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		post := openMailRoom(t, s)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
		holdJobs(s)
		path, _ := jobOf(t, s, admin, withAuto(plus(plus(selecting(1000, 1001), "target_workspace", object{"id": kit.FleetFR}), "reason", "relabelled")))
		id := path[strings.LastIndex(path, "/")+1:]
		s.RunJobs()
		got := post.wantLetters(t, "waiting", "issuer@example.com: Job "+id+" waits for approval", "root@example.com: Job "+id+" waits for approval")
		mustContain(t, got[0].Text, "moves 2 SIMs of your Workspace Fleet DE to Fleet FR", "Reason: relabelled", "https://sims.example.com/approvals/"+id)
		applyRules(s, `{"id": "FOUR-EYES", "effect": "require_approval", "message": "Six eyes", "when": [{}]}`)
		s.RunJobs()
		post.wantLetters(t, "later")
	})
}
