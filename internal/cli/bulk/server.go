package bulk

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// MaxChunk is how many SIMs the contract moves at once.
const MaxChunk = 500

// Server is what ferrying needs of the other side, all of it the bare contract's. Each
// call is one attempt; errors are those of package client.
type Server interface {
	Preview(ctx context.Context, r client.MigrationRequest) (*client.Migration, error)
	Migrate(ctx context.Context, r client.MigrationRequest, opts ...client.WriteOption) (*client.Migration, error)
	// SIMsIn finds those SIMs, by id, that are in a Workspace.
	SIMsIn(ctx context.Context, workspace int64, ids []int64) ([]int64, error)
}

// Remote is a Server over HTTP. Make its client with NoRetry: when to send again is
// decided here.
type Remote struct {
	*client.Client

	mu sync.Mutex
	in map[int64]*client.Client
}

// NewRemote is a Server behind a client.
func NewRemote(c *client.Client) *Remote {
	return &Remote{Client: c, in: make(map[int64]*client.Client)}
}

// In is the same caller in another Workspace, switched to once and kept.
func (r *Remote) In(workspace int64) *client.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.in[workspace]
	if c == nil {
		c = r.InWorkspace(workspace)
		r.in[workspace] = c
	}
	return c
}

// located is how many ids go into one question: their filter must fit into an address.
const located = 250

// SIMsIn asks the list of the Workspace, with a bearer of that Workspace.
func (r *Remote) SIMsIn(ctx context.Context, workspace int64, ids []int64) (found []int64, err error) {
	for len(ids) > 0 {
		n := min(located, len(ids))
		var sims []api.SIM
		for sim, err := range r.In(workspace).AllSIMs(ctx, client.ListOptions{Filter: "id:" + joined(ids[:n]), Sort: "id", PerPage: located}) {
			if err != nil {
				return nil, err
			}
			sims = append(sims, sim)
		}
		found = append(found, owned(sims, workspace)...)
		ids = ids[n:]
	}
	return found, nil
}

// owned leaves out what a Workspace sees as issuer or reseller only.
func owned(sims []api.SIM, workspace int64) (ids []int64) {
	for _, s := range sims {
		if s.CustomerOrg != nil && s.CustomerOrg.ID == workspace {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func joined(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, "|")
}
