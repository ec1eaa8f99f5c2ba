package traffic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const migrations = "/api/v1/sim/migration/workspace"

// draw makes up a request.
func (c *client) draw() *Request {
	n := c.random.IntN(100)
	switch {
	case c.MigrationsOnly && n >= 4:
		return c.migration(false)
	case n < 10:
		return c.refused()
	case n < 30:
		return c.patch()
	case n < 42:
		return c.plug()
	case n < 52:
		return c.migration(true)
	}
	return c.migration(false)
}

// patch sets the status of a SIM.
func (c *client) patch() *Request {
	sim, status := int64(hotFirst+c.random.IntN(hotSIMs)), int64(activated+c.random.IntN(2))
	return c.sometimesKeyed(&Request{
		Kind: Patch, Method: http.MethodPatch, Path: fmt.Sprintf("/api/v1/sim/%d", sim),
		Body: fmt.Sprintf(`{"status":{"id":%d}}`, status), sims: []int64{sim}, status: status,
	})
}

// plug attaches a SIM of the devices' Workspace to a device, or detaches the one that is there.
func (c *client) plug() *Request {
	device, id := int64(deviceFirst+c.random.IntN(hotSIMs)), "null"
	var sims []int64
	if c.random.IntN(3) > 0 {
		sim := c.expected.elsewhere(c.random, fleets[1+c.random.IntN(len(fleets)-1)], 1, true)[0]
		sims, id = []int64{int64(sim)}, strconv.Itoa(sim)
	}
	return c.sometimesKeyed(&Request{
		Kind: Plug, Method: http.MethodPatch, Path: fmt.Sprintf("/api/v1/endpoint/%d", device),
		Body: fmt.Sprintf(`{"sim":{"id":%s}}`, id), sims: sims, device: device,
	})
}

// sometimesKeyed gives two of three requests a key.
func (c *client) sometimesKeyed(r *Request) *Request {
	r.Client = c.number
	if c.random.IntN(3) > 0 {
		c.requests++
		r.Key = fmt.Sprintf("client %d request %d", c.number, c.requests)
	}
	return r
}

// migration moves a few hot SIMs, or a span of the others.
func (c *client) migration(dry bool) *Request {
	target := fleets[c.random.IntN(len(fleets))]
	detach := c.random.IntN(6) > 0
	switch n := c.random.IntN(10); {
	case n < 4:
		sims := c.expected.elsewhere(c.random, target, 1+c.random.IntN(6), false)
		return c.move(target, `"sims":`+list(sims, byID), sims, detach, dry)
	case n < 7:
		sims := c.expected.elsewhere(c.random, target, 1+c.random.IntN(6), true)
		return c.move(target, `"iccids":`+list(sims, byICCID), sims, detach, dry)
	default:
		sims := c.span(target, n)
		return c.move(target, rangeOf(sims), sims, detach, dry)
	}
}

// span returns SIMs in a row: hot ones, up to two blocks of others, or up to ten.
func (c *client) span(target int64, n int) []int {
	var first, count int
	switch {
	case n == 7 || c.MigrationsOnly:
		first, count = c.expected.hotSpan(c.random, target, 6)
	case n == 8:
		first, count = c.expected.blockSpan(c.random, target, 2)
	default:
		first, count = c.expected.blockSpan(c.random, target, 10)
	}
	sims := make([]int, count)
	for i := range sims {
		sims[i] = first + i
	}
	return sims
}

// move makes a migration of SIMs that a selector names.
func (c *client) move(target int64, selector string, sims []int, detach, dry bool) *Request {
	r := &Request{Kind: Migrate, Method: http.MethodPost, Path: migrations, target: target, Client: c.number, sims: ids(sims)}
	r.Body = fmt.Sprintf(`{"target_workspace":{"id":%d},%s,"auto_detach_devices":%t,"dry_run":%t}`, target, selector, detach, dry)
	if dry {
		r.Kind = Preview
		return r
	}
	return c.sometimesKeyed(r)
}

// realRun repeats a preview as a real run.
func (c *client) realRun(p *Request, tag string) *Request {
	return c.sometimesKeyed(&Request{
		Kind: Migrate, Method: p.Method, Path: p.Path, target: p.target, sims: p.sims, IfMatch: tag,
		Body: strings.Replace(p.Body, `"dry_run":true`, `"dry_run":false`, 1),
	})
}

// refused makes a request that must be refused.
func (c *client) refused() *Request {
	some := c.expected.elsewhere(c.random, 0, 3, false)
	selector := `"sims":` + list(some, byID)
	var r *Request
	switch c.random.IntN(4) {
	case 0:
		r = c.move(brazil, selector, some, true, false) // 1505
	case 1:
		r = c.move(fleets[0], fmt.Sprintf(`"iccid_range":{"start":%q,"end":%q}`, iccid(bulkFirst), iccid(bulkFirst+500)), nil, true, false) // 400
	case 2:
		r = c.move(999, selector, some, true, false) // 404
	default:
		r = c.move(fleets[c.random.IntN(3)], selector[:len(selector)-1]+`,{"id":77}]`, some, true, false) // 404
	}
	r.mustFail = true
	return r
}

func byID(id int) string    { return fmt.Sprintf(`{"id":%d}`, id) }
func byICCID(id int) string { return strconv.Quote(iccid(id)) }

// list formats SIMs as a JSON array.
func list(sims []int, format func(int) string) string {
	parts := make([]string, len(sims))
	for i, id := range sims {
		parts[i] = format(id)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func rangeOf(sims []int) string {
	return fmt.Sprintf(`"iccid_range":{"start":%q,"end":%q}`, iccid(sims[0]), iccid(sims[len(sims)-1]))
}

// ids returns the ids of SIMs in ascending order.
func ids(sims []int) []int64 {
	list := make([]int64, len(sims))
	for i, id := range sims {
		list[i] = int64(id)
	}
	slices.Sort(list)
	return list
}

// replySIM is a SIM in the response to a migration.
type replySIM struct {
	ID       int64              `json:"id"`
	Status   struct{ ID int64 } `json:"status"`
	Source   struct{ ID int64 } `json:"source_workspace"`
	Endpoint struct{ ID int64 } `json:"endpoint"`
}

// simsOf returns the SIMs of a response to a migration; other responses have none.
func simsOf(body []byte) []replySIM {
	var got struct {
		SIMs []replySIM `json:"sims"`
	}
	_ = json.Unmarshal(body, &got) // other responses have no SIMs
	return got.SIMs
}
