package offerload

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/rest"
)

const (
	codesPath  = "/api/v1/receiving_code"
	offersPath = "/api/v1/migration_offer"
)

// offer is an offer that a lane wants, and the responses about it.
type offer struct {
	reference string // unique
	giver     int    // the side
	sims      []int64
	id        int64 // 0 until it is acknowledged
	refused   bool  // it was not made, because its expiry had passed
	accepted  bool  // an acceptance was acknowledged
	state     string
}

// lane makes and answers one offer after the other over its own SIMs.
type lane struct {
	load   *Load
	number int
	random *rand.Rand
	made   int
	owners map[int64]int // the side that has each SIM
	codes  [2]string     // that can be used again, of each receiver
}

func newLane(l *Load, number int, random *rand.Rand) *lane {
	n := &lane{load: l, number: number, random: random, owners: make(map[int64]int)}
	for i := range size(number) {
		n.owners[first(number)+i] = number % 2
	}
	return n
}

// answers are what can happen to an offer.
var answers = []string{"accept", "accept", "some", "refuse", "cancel", "race", "race", "expire"}

func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil && !l.load.closing.Load() {
		what := answers[l.random.IntN(len(answers))]
		o := l.draw()
		made, fine := l.make(ctx, o, what == "expire")
		if !fine {
			return
		}
		if !made {
			continue
		}
		if !l.answer(ctx, o, what) || !l.follow(ctx, o) {
			return
		}
	}
}

// draw chooses the SIMs of the next offer: those of the side that has more of them.
func (l *lane) draw() *offer {
	l.made++
	o := &offer{reference: fmt.Sprintf("lane %d offer %d", l.number, l.made)}
	of := [2][]int64{}
	for i := range size(l.number) {
		sim := first(l.number) + i
		of[l.owners[sim]] = append(of[l.owners[sim]], sim)
	}
	if len(of[1]) > len(of[0]) {
		o.giver = 1
	}
	o.sims = of[o.giver]
	if l.number != lanes-1 || l.random.IntN(3) == 0 {
		l.random.Shuffle(len(o.sims), func(i, k int) { o.sims[i], o.sims[k] = o.sims[k], o.sims[i] })
		o.sims = o.sims[:1+l.random.IntN(min(len(o.sims), smallLane/2))]
		slices.Sort(o.sims)
	}
	l.load.update(func() { l.load.offers = append(l.load.offers, o) })
	return o
}

// make makes an offer. made is false if its time was over first; fine is false at the end of the
// load.
func (l *lane) make(ctx context.Context, o *offer, soon bool) (made, fine bool) {
	code, once, fine := l.code(ctx, 1-o.giver)
	if !fine {
		return false, false
	}
	body := map[string]any{"receiving_code": code, "select": map[string]any{"sims": refs(o.sims)}, "dry_run": false, "reference": o.reference}
	if soon {
		body["expires_at"] = time.Now().Add(time.Duration(200+l.random.IntN(1500)) * time.Millisecond).UTC().Format(time.RFC3339Nano)
	}
	r, ok := l.settle(ctx, o.giver, http.MethodPost, offersPath, body)
	var got struct {
		ID int64 `json:"id"`
	}
	switch {
	case !ok:
		return false, false
	case soon && r.Status == http.StatusBadRequest:
		l.load.update(func() { o.refused = true })
		return false, true
	case r.Status != http.StatusCreated || json.Unmarshal(r.Body, &got) != nil:
		l.load.addAnomaly("I6: %s was answered %d: %.300s", o.reference, r.Status, r.Body)
		return false, false
	}
	l.load.update(func() { o.id = got.ID })
	if once != 0 {
		r, ok = l.settle(ctx, 1-o.giver, http.MethodDelete, fmt.Sprint(codesPath, "/", once), nil)
		if ok && r.Status != http.StatusNoContent {
			l.load.addAnomaly("the end of code %d was answered %d: %.300s", once, r.Status, r.Body)
		}
	}
	return true, true
}

func refs(sims []int64) []map[string]int64 {
	list := make([]map[string]int64, len(sims))
	for i, sim := range sims {
		list[i] = map[string]int64{"id": sim}
	}
	return list
}

// code returns a code of a receiver: one that the lane uses again, or, if once is its id, one for a
// single offer. A code whose response was lost stays unused, because its text cannot be asked for
// again.
func (l *lane) code(ctx context.Context, side int) (text string, once int64, fine bool) {
	single := l.random.IntN(6) == 0
	if !single && l.codes[side] != "" {
		return l.codes[side], 0, true
	}
	body := map[string]any{"single_use": single}
	if single {
		body["expires_at"] = time.Now().Add(10 * time.Minute).UTC().Format(time.RFC3339)
	}
	for {
		text, err := json.Marshal(body)
		if err != nil || ctx.Err() != nil {
			return "", 0, false
		}
		r := l.load.users[side].Send(context.WithoutCancel(ctx), l.random, http.MethodPost, codesPath, string(text), "")
		var got struct {
			ID   int64  `json:"id"`
			Code string `json:"receiving_code"`
		}
		switch {
		case !r.Settled():
			faults.Pause(ctx, rest.Between)
			continue
		case r.Status != http.StatusCreated || json.Unmarshal(r.Body, &got) != nil:
			l.load.addAnomaly("a receiving code was answered %d: %.300s", r.Status, r.Body)
			return "", 0, false
		case single:
			return got.Code, got.ID, true
		}
		l.codes[side] = got.Code
		return got.Code, 0, true
	}
}

// settle sends a write under a key of its own until its outcome is final.
func (l *lane) settle(ctx context.Context, side int, method, path string, body any) (rest.Outcome, bool) {
	return settle(ctx, l.load.users[side], l.random, method, path, body)
}

func settle(ctx context.Context, u *rest.User, random *rand.Rand, method, path string, body any) (rest.Outcome, bool) {
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return rest.Outcome{}, false
		}
		text = string(b)
	}
	return u.Settle(ctx, random, method, path, text, cryptorand.Text())
}

// act is an action on an offer by one side.
type act struct {
	side int
	do   string
	body any
}

// acts returns what happens to an offer.
func (l *lane) acts(o *offer, what string) []act {
	accept := act{1 - o.giver, "accept", map[string]any{"dry_run": false}}
	cancel := act{o.giver, "cancel", nil}
	switch what {
	case "accept":
		return []act{accept}
	case "some":
		accept.body = map[string]any{"dry_run": false, "sims": refs(o.sims[:(len(o.sims)+1)/2])}
		return []act{accept}
	case "refuse":
		return []act{{1 - o.giver, "refuse", map[string]any{"reason": "not ours"}}}
	case "cancel":
		return []act{cancel}
	case "race":
		return []act{accept, cancel}
	}
	if l.random.IntN(2) == 0 {
		return nil // it expires
	}
	faults.Pause(context.Background(), time.Duration(l.random.IntN(1500))*time.Millisecond)
	return []act{accept}
}

// answer does at once what both sides do with an offer. One of them must succeed, and only one; if
// the offer can expire, none may.
func (l *lane) answer(ctx context.Context, o *offer, what string) bool {
	acts := l.acts(o, what)
	outcomes := make([]rest.Outcome, len(acts))
	settled := make([]bool, len(acts))
	var wg sync.WaitGroup
	for i, a := range acts {
		random := rand.New(rand.NewPCG(l.random.Uint64(), 0))
		wg.Go(func() {
			path := fmt.Sprintf("%s/%d/%s", offersPath, o.id, a.do)
			outcomes[i], settled[i] = settle(ctx, l.load.users[a.side], random, http.MethodPost, path, a.body)
		})
	}
	wg.Wait()
	done := 0
	for i, r := range outcomes {
		switch {
		case !settled[i]:
			return false
		case r.Status == http.StatusOK || r.Status == http.StatusAccepted:
			done++
			if acts[i].do == "accept" {
				l.load.update(func() { o.accepted = true })
			}
		case r.Status != http.StatusConflict || !strings.Contains(string(r.Body), `"error_code":1406`):
			l.load.addAnomaly("I6: %s of offer %d was answered %d: %.300s", acts[i].do, o.id, r.Status, r.Body)
			return false
		}
	}
	l.load.answers.Add(int64(done))
	if what != "expire" && done != 1 || done > 1 {
		l.load.addAnomaly("I6: %d of %d answers to offer %d (%s) succeeded", done, len(acts), o.id, what)
		return false
	}
	return true
}

// seenOffer is what a side reads of an offer.
type seenOffer struct {
	Status   string `json:"status"`
	SIMs     int    `json:"sim_count"`
	Accepted int    `json:"accepted_count"`
	Refused  int    `json:"refused_count"`
	Gone     int    `json:"gone_count"`
}

func (s seenOffer) open() bool { return s.Status == "pending" || s.Status == "accepting" }

// seenSIM is what a side reads of a SIM of an offer.
type seenSIM struct {
	ID    int64  `json:"id"`
	State string `json:"state"`
}

// follow reads an offer until it has ended, and compares what both sides see of it.
func (l *lane) follow(ctx context.Context, o *offer) bool {
	path := fmt.Sprintf("%s/%d", offersPath, o.id)
	var seen [2]seenOffer
	for seen[o.giver].Status == "" || seen[o.giver].open() {
		if !l.read(ctx, o.giver, path, &seen[o.giver]) {
			return false
		}
		faults.Pause(ctx, rest.Between)
	}
	var sims [2][]seenSIM
	fine := l.read(ctx, 1-o.giver, path, &seen[1-o.giver])
	for side := range sims {
		fine = fine && l.read(ctx, side, path+"/sim?per_page=2500", &sims[side])
	}
	if !fine {
		return false
	}
	if seen[0] != seen[1] || !slices.Equal(sims[0], sims[1]) {
		l.load.addAnomaly("I20: the sides see offer %d as %+v and %+v, with SIMs %.200v and %.200v", o.id, seen[0], seen[1], sims[0], sims[1])
		return false
	}
	moved := 0
	for _, s := range sims[0] {
		if s.State == "accepted" {
			l.owners[s.ID] = 1 - o.giver
			moved++
		}
	}
	if moved > 0 != o.accepted || moved != seen[0].Accepted {
		l.load.addAnomaly("I20: offer %d is %+v, an acceptance was acknowledged: %v, and %d SIMs are accepted", o.id, seen[0], o.accepted, moved)
	}
	l.load.update(func() { o.state = seen[0].Status })
	return true
}

// read reads a resource until the outcome is final.
func (l *lane) read(ctx context.Context, side int, path string, into any) bool {
	for ctx.Err() == nil {
		l.load.reading.RLock()
		r := l.load.users[side].Send(context.WithoutCancel(ctx), l.random, http.MethodGet, path, "", "")
		l.load.reading.RUnlock()
		switch {
		case !r.Settled():
			faults.Pause(ctx, rest.Between)
		case r.Status != http.StatusOK || json.Unmarshal(r.Body, into) != nil:
			l.load.addAnomaly("I5: %s was acknowledged, and reading it is answered %d: %.200s", path, r.Status, r.Body)
			return false
		default:
			return true
		}
	}
	return false
}
