package model_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/test/model"
)

const (
	codePaths  = "/api/v1/receiving_code"
	offerPaths = "/api/v1/migration_offer"
)

// head draws a bearer whose user may mostly manage offers.
func (p *pair) head() int {
	list := p.model.Heads()
	if len(list) == 0 || p.chance(8, "anybody") {
		return p.caller()
	}
	return pick(p, list, "head")
}

// headWith draws a bearer like head, mostly one that something is possible for; found is false if
// there is none.
func (p *pair) headWith(possible func(bearer int) bool) (bearer int, found bool) {
	var list []int
	for _, bearer := range p.model.Heads() {
		if possible(bearer) {
			list = append(list, bearer)
		}
	}
	if len(list) == 0 || p.chance(12, "another head") {
		return p.head(), false
	}
	return pick(p, list, "head with"), true
}

// later formats an instant from now.
func (p *pair) later(list ...time.Duration) string {
	return p.clock.Now().Add(pick(p, list, "until")).UTC().Truncate(time.Second).Format(time.RFC3339)
}

// makeCode makes a receiving code.
func (p *pair) makeCode() {
	bearer, body := p.head(), object{}
	if !p.chance(3, "single") {
		body["single_use"] = false
	}
	if p.chance(4, "words") {
		body["description"] = pick(p, []string{"from DE", "☃"}, "description")
	}
	if p.chance(4, "most") {
		body["max_sims"] = pick(p, []int{1, 3, 10, 0}, "max")
	}
	if p.chance(6, "sender") {
		body["expected_sender"] = ref(pick(p, []int64{100, 200, 900, 999}, "from"))
	}
	if p.chance(5, "until said") {
		body["expires_at"] = p.later(time.Minute, time.Hour, 48*time.Hour, -time.Hour, 91*24*time.Hour)
	}
	p.try("make code", bearer, request{"POST", codePaths, p.write(body), nil}, p.model.MakeCode(bearer, body))
}

// revokeCode ends a receiving code.
func (p *pair) revokeCode() {
	bearer, id := p.head(), int64(p.index(p.model.Codes()+2, "code"))
	p.try("revoke code", bearer, request{"DELETE", fmt.Sprintf("%s/%d", codePaths, id), "", nil}, p.model.RevokeCode(bearer, id))
}

// makeOffer makes an offer, mostly of SIMs that the caller can offer.
func (p *pair) makeOffer() {
	bearer, found := p.headWith(func(bearer int) bool {
		return len(p.model.UsableCodes(bearer)) > 0 && len(p.model.Offerable(bearer)) > 0
	})
	if !found && p.chance(2, "code first") {
		p.makeCode()
		return
	}
	usable := p.model.UsableCodes(bearer)
	code := int64(p.index(p.model.Codes()+2, "any code"))
	if len(usable) > 0 && !p.chance(10, "bad code") {
		code = pick(p, usable, "code")
	}
	body := object{"select": p.offerSelection(bearer)}
	if !p.chance(3, "detach unsaid") {
		body["auto_detach_devices"] = !p.chance(5, "no detach")
	}
	if p.chance(6, "allowed") {
		body["allowed_sim_statuses"] = refs(some(p, []int64{0, 1, 2, 4, 0, 1, 2, 9}, 1, 4, "statuses"))
	}
	if p.chance(5, "dry") {
		body["dry_run"] = true
	} else {
		body["dry_run"] = false
	}
	if p.chance(3, "note") {
		p.addNote(body)
	}
	if p.chance(3, "until said") {
		body["expires_at"] = p.later(time.Minute, time.Minute, time.Hour, 48*time.Hour, -time.Hour)
	}
	body["receiving_code"] = model.Code
	text := p.write(body)
	want := p.model.MakeOffer(bearer, code, body)
	p.tryEach("make offer", bearer, request{"POST", offerPaths, text, nil}, want, func(s *side) string {
		own := "made-up"
		if code >= 1 && code <= int64(len(p.codes)) {
			own = p.codes[code-1][map[bool]int{true: 0, false: 1}[s == p.sides[0]]]
		}
		quoted, err := json.Marshal(own)
		if err != nil {
			p.t.Fatal(err)
		}
		return strings.Replace(text, `"`+model.Code+`"`, string(quoted), 1)
	})
	if want.Status == http.StatusCreated {
		p.tally.reach("offer made")
	}
}

// offerSelection draws what an offer selects.
func (p *pair) offerSelection(bearer int) object {
	sel := object{}
	switch p.index(12, "form") {
	case 0:
		sel["iccids"] = some(p, someICCIDs, 1, 2, "iccids")
	case 1:
		sel["sims"] = refs(some(p, someSIMs, 0, 4, "any sims"))
	case 2:
		sel["filter"] = object{"workspace": ref(pick(p, []int64{100, 200, 300, 900}, "filter of")), "q": pick(p, []string{"status:1", "status:2"}, "q")}
	default:
		ids := p.model.Offerable(bearer)
		if len(ids) == 0 {
			ids = someSIMs
		}
		sel["sims"] = refs(some(p, ids, 1, 5, "offerable"))
	}
	return sel
}

// someOffer draws an offer, mostly a pending one of the caller's side.
func (p *pair) someOffer(bearer int, incoming bool) int64 {
	if ids := p.model.OpenOffers(bearer, incoming); len(ids) > 0 && !p.chance(8, "any offer") {
		return pick(p, ids, "offer")
	}
	return int64(p.index(p.model.Offers()+2, "offer"))
}

// answerOffer accepts, refuses or cancels an offer.
func (p *pair) answerOffer() {
	do := pick(p, []string{"accept", "accept", "accept", "accept", "refuse", "cancel"}, "do")
	incoming := do != "cancel"
	bearer, found := p.headWith(func(bearer int) bool { return len(p.model.OpenOffers(bearer, incoming)) > 0 })
	if !found && !p.chance(4, "answer none") {
		p.makeOffer()
		return
	}
	id := p.someOffer(bearer, incoming)
	if len(p.model.OfferSIMs(id)) > 500 {
		return // a job would accept it: the harness offers-kill has such
	}
	r := request{"POST", fmt.Sprintf("%s/%d/%s", offerPaths, id, do), "", nil}
	switch do {
	case "accept":
		body := p.acceptance(id)
		r.body = p.write(body)
		p.try("accept offer", bearer, r, p.model.AcceptOffer(bearer, id, body))
	case "refuse":
		reason := pick(p, []string{"", "not ours"}, "reason")
		if reason != "" {
			r.body = p.write(object{"reason": reason})
		}
		p.try("refuse offer", bearer, r, p.model.RefuseOffer(bearer, id, reason))
	default:
		p.try("cancel offer", bearer, r, p.model.CancelOffer(bearer, id))
	}
	p.reachOffers()
	p.readOffer(bearer, id)
}

// acceptance draws what a receiver does with each SIM.
func (p *pair) acceptance(id int64) object {
	body := object{}
	if !p.chance(6, "dry") {
		body["dry_run"] = false
	}
	ids := p.model.OfferSIMs(id)
	if len(ids) == 0 || p.chance(8, "any SIM") {
		ids = append(ids, 250)
	}
	if p.chance(3, "some") {
		body["sims"] = refs(some(p, ids, 0, 3, "sims"))
	}
	if p.chance(3, "refuse") {
		var list []object
		for _, sim := range some(p, ids, 1, 2, "refused") {
			one := ref(sim)
			if p.chance(2, "why") {
				one["reason"] = "unknown"
			}
			list = append(list, one)
		}
		body["refuse"] = list
	}
	if p.chance(4, "landing") {
		body["landing"] = object{"status": pick(p, []string{"activate", "contract"}, "status")}
	}
	return body
}

func (p *pair) readOffer(bearer int, id int64) {
	p.try("get offer", bearer, request{"GET", fmt.Sprintf("%s/%d", offerPaths, id), "", nil}, p.model.GetOffer(bearer, id))
}

// lookAtOffer reads an offer, its SIMs, or a list.
func (p *pair) lookAtOffer() {
	bearer := p.caller()
	id := p.someOffer(bearer, p.chance(2, "incoming"))
	q := model.Query{PerPage: pick(p, []int{0, 1, 2}, "per page"), Page: p.index(3, "page")}
	switch p.index(4, "what") {
	case 0:
		p.readOffer(bearer, id)
	case 1:
		if p.chance(2, "state") {
			q.Filters = []model.Filter{{Field: "state", Values: some(p, []string{"offered", "accepted", "refused", "gone", "lost"}, 1, 2, "states")}}
		}
		p.try("list offer sims", bearer, request{"GET", fmt.Sprintf("%s/%d/sim%s", offerPaths, id, queryOf(q)), "", nil}, p.model.ListOfferSIMs(bearer, id, q))
	case 2:
		if p.chance(2, "filter") {
			q.Filters = []model.Filter{pick(p, []model.Filter{
				{Field: "status", Values: []string{"pending"}}, {Field: "status", Values: []string{"accepted", "expired"}},
				{Field: "direction", Values: []string{"incoming"}}, {Field: "reference", Values: []string{"CHG-2"}},
			}, "by")}
		}
		p.try("list offers", bearer, request{"GET", offerPaths + queryOf(q), "", nil}, p.model.ListOffers(bearer, q))
	default:
		bearer = p.head()
		p.try("list codes", bearer, request{"GET", codePaths + queryOf(q), "", nil}, p.model.ListCodes(bearer, q))
	}
}

// tendOffers lets the servers look at the offers that are due.
func (p *pair) tendOffers() {
	for _, s := range p.sides {
		if err := s.server.Control.TendOffers(p.t.Context()); err != nil {
			p.t.Fatalf("%s: %v", s.engine, err)
		}
	}
	p.model.TendOffers()
	p.reachOffers()
}

func (p *pair) reachOffers() {
	for _, state := range p.model.OfferStates() {
		p.tally.reach("offer " + state)
	}
}
