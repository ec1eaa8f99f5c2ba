package console

import (
	"net/url"
	"strconv"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestNumberedPager(t *testing.T) {
	for _, c := range []struct {
		page, rows, total int
		want              pager
	}{
		{1, 0, 0, pager{First: 1}},
		{1, 10, 10, pager{First: 1, Last: 10, Total: 10}},
		{1, 10, 11, pager{First: 1, Last: 10, Total: 11, Next: "2"}},
		{2, 1, 11, pager{First: 11, Last: 11, Total: 11, Prev: "1"}},
		{2, 10, 25, pager{First: 11, Last: 20, Total: 25, Prev: "1", Next: "3"}},
	} {
		if got := numberedPager(c.page, 10, c.rows, c.total, strconv.Itoa); got != c.want {
			t.Errorf("page %d of %d: %+v, want %+v", c.page, c.total, got, c.want)
		}
	}
}

// The SIMs that cannot come in can be refused together, also if they are too many for an address.
func TestAnswerBlockedByMany(t *testing.T) {
	sims := make([]fleet.SIMState, 1600)
	for i := range sims {
		sims[i].ID = fleet.SIMID(i + 1)
	}
	d := answerData{Query: parseAnswer(url.Values{"sel": {"5000"}, "reason": {"in use"}})}
	d.Offer.ID, d.Offer.SIMs = 7, 5000
	d.blocked(&fleet.Conflicts{Groups: []fleet.Conflict{{SIMs: sims[:9]}}})
	if want := "/offers/7/answer?reason=in+use&sel=1%2C2%2C3%2C4%2C5%2C6%2C7%2C8%2C9%2C5000"; d.Leave.Path != want {
		t.Errorf("the link is %q, want %q", d.Leave.Path, want)
	}
	d.blocked(&fleet.Conflicts{Groups: []fleet.Conflict{{SIMs: sims}}})
	if d.Leave.Path != "" || d.Leave.Form != "/offers/7" || len(d.Leave.Fields) != 2 || len(idsOf([]string{d.Leave.Fields[0][1]})) != 1601 {
		t.Errorf("the form is %.200v", d.Leave)
	}
}
