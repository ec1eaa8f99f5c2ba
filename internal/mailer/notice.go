package mailer

import (
	"fmt"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// notice returns the subject and the text of a mail about an offer, a job or an inquiry.
func (m *Mailer) notice(t fleet.NoticeText) (subject, body string) {
	place, other := oneLine(t.Workspace), oneLine(t.Other)
	offer, answer := fmt.Sprintf("/offers/%d", t.Subject), fmt.Sprintf("simferry offers show %d", t.Subject)
	switch t.Kind {
	case fleet.NoticeOfferMade:
		return fmt.Sprintf("%s offers %s to %s", other, sims(t.SIMs), place),
			fmt.Sprintf("the Workspace %s offers %s to your Workspace %s in Simferry.\n\n", other, sims(t.SIMs), place) +
				facts(t, "Offered", "Answer by") + "Without an answer the offer expires, and its SIMs do not move.\n\n" +
				m.open("see the SIMs, and accept or refuse them", offer, answer)
	case fleet.NoticeOfferReminder:
		return fmt.Sprintf("Reminder: the offer of %s expires at %s", other, instant(t.Until)),
			fmt.Sprintf("the Workspace %s has offered %s to your Workspace %s in Simferry, and has no answer yet.\n\n", other, sims(t.SIMs), place) +
				facts(t, "Offered", "Answer by") + "Without an answer the offer expires, and its SIMs do not move.\n\n" +
				m.open("see the SIMs, and accept or refuse them", offer, answer)
	case fleet.NoticeOfferEnded:
		return fmt.Sprintf("Your offer to %s: %s", other, outcome(t.Outcome)),
			fmt.Sprintf("your offer of %s from the Workspace %s to %s in Simferry has ended: %s.\n\n", sims(t.SIMs), place, other, outcome(t.Outcome)) +
				facts(t, "Offered", "") + fmt.Sprintf("Accepted: %d\nRefused: %d\nDeleted meanwhile: %d\n\n", t.Accepted, t.Refused, t.Gone) +
				m.open("see what became of each SIM", offer, answer)
	}
	if t.Kind == fleet.NoticeInquiry {
		return fmt.Sprintf("%s asks for %s of %s", other, sims(t.SIMs), place),
			fmt.Sprintf("the Workspace %s asks for %s of your Workspace %s in Simferry.\n\n", other, sims(t.SIMs), place) +
				facts(t, "Asked", "Answer by") +
				fmt.Sprintf("%s does not see that your Workspace has these SIMs, unless you make an offer.\n\n", other) +
				m.open("see the SIMs, and make an offer or decline", fmt.Sprintf("/inquiries/%d", t.Subject), fmt.Sprintf("simferry inquiries show %d", t.Subject))
	}
	return fmt.Sprintf("Job %d waits for approval", t.Subject),
		fmt.Sprintf("job %d moves %s of your Workspace %s%s, and waits for the approval of an Administrator who did not make it.\n\n",
			t.Subject, sims(t.SIMs), place, to(other)) +
			facts(t, "Made", "Approve by") + "Without an approval the job ends, and its SIMs do not move.\n\n" +
			m.open("see what it does, and approve or reject it", fmt.Sprintf("/approvals/%d", t.Subject), fmt.Sprintf("simferry jobs show %d", t.Subject))
}

func to(workspace string) string {
	if workspace == "" {
		return ""
	}
	return " to " + workspace
}

func sims(n int) string {
	if n == 1 {
		return "1 SIM"
	}
	return fmt.Sprintf("%d SIMs", n)
}

func instant(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// facts returns the lines of a notice that say why, who and when.
func facts(t fleet.NoticeText, made, until string) string {
	var b strings.Builder
	line := func(name, value string) {
		if name != "" && value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, oneLine(value))
		}
	}
	line("Reason", t.Note.Reason)
	line("Reference", t.Note.Reference)
	line("Made by", t.By)
	line(made, instant(t.At))
	if until != "" {
		line(until, instant(t.Until))
	}
	return b.String() + "\n"
}

// outcome says how an offer ended.
func outcome(s fleet.OfferState) string {
	switch s {
	case fleet.OfferPartly:
		return "partly accepted"
	case fleet.OfferCancelled:
		return "cancelled"
	case fleet.OfferWithdrawn:
		return "withdrawn by the operator"
	}
	return string(s)
}

// open says where the recipient can do something: on a page of the console, or with a command.
func (m *Mailer) open(purpose, page, command string) string {
	if m.console == "" {
		return fmt.Sprintf("To %s, run:\n\n    %s\n", purpose, command)
	}
	return fmt.Sprintf("To %s, open this page:\n\n    %s%s\n", purpose, m.console, page)
}
