package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// positions are where the clients believe the SIMs to be. With them most requests can succeed;
// because they are often out of date, many do not.
type positions struct {
	mu     sync.Mutex
	hot    [hotSIMs]int64
	blocks [bulkBlocks]int64
}

func newPositions() *positions {
	b := &positions{}
	for i := range b.hot {
		b.hot[i] = fleets[0]
	}
	for i := range b.blocks {
		b.blocks[i] = fleets[0]
	}
	return b
}

func (b *positions) moved(to int64, sims []simAnswer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range sims {
		switch i := int(s.ID); {
		case i >= bulkFirst:
			b.blocks[(i-bulkFirst)/blockSIMs] = to
		case i >= hotFirst:
			b.hot[i-hotFirst] = to
		}
	}
}

// elsewhere returns up to n hot SIMs outside the target: of one Workspace, or of several.
func (c *Client) elsewhere(target int64, n int, oneSource bool) []int {
	c.expected.mu.Lock()
	defer c.expected.mu.Unlock()
	var chosen []int
	source := int64(0)
	for _, i := range c.random.Perm(hotSIMs) {
		at := c.expected.hot[i]
		if at == target || oneSource && source != 0 && at != source || len(chosen) == n {
			continue
		}
		source = at
		chosen = append(chosen, hotFirst+i)
	}
	if len(chosen) == 0 {
		chosen = []int{hotFirst + c.random.IntN(hotSIMs)}
	}
	return chosen
}

// span returns a run of at most 10 blocks (500 SIMs) whose first block is outside the target.
func (c *Client) span(target int64, most int) (first, count int) {
	c.expected.mu.Lock()
	defer c.expected.mu.Unlock()
	first = c.random.IntN(bulkBlocks)
	for range bulkBlocks {
		if c.expected.blocks[first] != target {
			break
		}
		first = (first + 1) % bulkBlocks
	}
	for count = 1; count < most && first+count < bulkBlocks && c.expected.blocks[first+count] == c.expected.blocks[first]; count++ {
	}
	return bulkFirst + first*blockSIMs, count * blockSIMs
}

// draw makes up a request.
func (c *Client) draw() *Request {
	switch n := c.random.IntN(100); {
	case n < 20:
		return c.patch()
	case n < 32:
		return c.plug()
	case n < 42:
		return c.refused()
	case n < 52:
		return c.migration(true)
	}
	return c.migration(false)
}

func (c *Client) patch() *Request {
	sim, status := hotFirst+c.random.IntN(hotSIMs), 1+c.random.IntN(2)
	return c.sometimesKeyed(&Request{
		Kind: Patch, Method: http.MethodPatch, Path: fmt.Sprintf("/api/v1/sim/%d", sim),
		Body: fmt.Sprintf(`{"status":{"id":%d}}`, status), SIM: int64(sim), Status: int64(status),
	})
}

// plug attaches a SIM of the devices' Workspace to a device, or detaches the one that is there.
func (c *Client) plug() *Request {
	device, sim, id := deviceFirst+c.random.IntN(hotSIMs), 0, "null"
	if c.random.IntN(3) > 0 {
		sim = c.elsewhere(fleets[1+c.random.IntN(len(fleets)-1)], 1, true)[0]
		id = strconv.Itoa(sim)
	}
	return c.sometimesKeyed(&Request{
		Kind: Plug, Method: http.MethodPatch, Path: fmt.Sprintf("/api/v1/endpoint/%d", device),
		Body: fmt.Sprintf(`{"sim":{"id":%s}}`, id), SIM: int64(sim), Device: int64(device),
	})
}

// sometimesKeyed gives two of three requests a key.
func (c *Client) sometimesKeyed(r *Request) *Request {
	r.Client = c.number
	if c.random.IntN(3) > 0 {
		c.requests++
		r.Key = fmt.Sprintf("client %d request %d", c.number, c.requests)
	}
	return r
}

// migration requests hot SIMs, or a span of the others.
func (c *Client) migration(dry bool) *Request {
	target := fleets[c.random.IntN(len(fleets))]
	var selector string
	switch n := c.random.IntN(10); {
	case n < 4:
		selector = `"sims":` + idList(c.elsewhere(target, 1+c.random.IntN(6), false))
	case n < 7:
		selector = `"iccids":` + iccidList(c.elsewhere(target, 1+c.random.IntN(6), true))
	case n < 9:
		first, count := c.span(target, 2)
		selector = rangeOf(first, count)
	default:
		first, count := c.span(target, 10)
		selector = rangeOf(first, count)
	}
	return c.run(target, selector, c.random.IntN(6) > 0, dry)
}

func (c *Client) run(target int64, selector string, detach, dry bool) *Request {
	r := &Request{Kind: Migrate, Method: http.MethodPost, Path: "/api/v1/sim/migration/workspace", Target: target, Client: c.number}
	r.Body = fmt.Sprintf(`{"target_workspace":{"id":%d},%s,"auto_detach_devices":%t,"dry_run":%t}`, target, selector, detach, dry)
	if dry {
		r.Kind = Preview
		return r
	}
	return c.sometimesKeyed(r)
}

// realRun repeats a preview as a real run.
func (c *Client) realRun(p *Request, tag string) *Request {
	return c.sometimesKeyed(&Request{
		Kind: Migrate, Method: p.Method, Path: p.Path, Target: p.Target, IfMatch: tag,
		Body: strings.Replace(p.Body, `"dry_run":true`, `"dry_run":false`, 1),
	})
}

// refused makes up a request that must be refused.
func (c *Client) refused() *Request {
	some := `"sims":` + idList(c.elsewhere(0, 3, false))
	switch c.random.IntN(4) {
	case 0:
		return c.run(brazil, some, true, false) // 1505
	case 1:
		return c.run(fleets[0], rangeOf(bulkFirst, 501), true, false) // 400
	case 2:
		return c.run(999, some, true, false) // 404
	}
	return c.run(fleets[c.random.IntN(3)], some[:len(some)-1]+`,{"id":77}]`, true, false) // 404
}

func idList(sims []int) string {
	parts := make([]string, len(sims))
	for i, id := range sims {
		parts[i] = fmt.Sprintf(`{"id":%d}`, id)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func iccidList(sims []int) string {
	parts := make([]string, len(sims))
	for i, id := range sims {
		parts[i] = strconv.Quote(iccid(id))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func rangeOf(first, count int) string {
	return fmt.Sprintf(`"iccid_range":{"start":%q,"end":%q}`, iccid(first), iccid(first+count-1))
}

// simAnswer is a SIM in the response to a migration.
type simAnswer struct {
	ID       int64              `json:"id"`
	Status   struct{ ID int64 } `json:"status"`
	Source   struct{ ID int64 } `json:"source_workspace"`
	Endpoint struct{ ID int64 } `json:"endpoint"`
}

func simsOf(body []byte) []simAnswer {
	var got struct {
		SIMs []simAnswer `json:"sims"`
	}
	_ = json.Unmarshal(body, &got) // other responses have no SIMs
	return got.SIMs
}
