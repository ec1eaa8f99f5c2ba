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

// Server is the part of the contract that bulk uses. Each call is one attempt; errors are those
// of package client.
type Server interface {
	Preview(ctx context.Context, r client.MigrationRequest) (*client.Migration, error)
	Migrate(ctx context.Context, r client.MigrationRequest, opts ...client.WriteOption) (*client.Migration, error)
	// SIMsIn finds those SIMs, by id, that are in a Workspace.
	SIMsIn(ctx context.Context, workspace int64, ids []int64) ([]int64, error)
}

// Remote is a Server over HTTP. Create its client with NoRetry: this package decides when to
// repeat a request.
type Remote struct {
	*client.Client

	mu sync.Mutex
	in map[int64]*client.Client
}

// NewRemote makes a Server from a client.
func NewRemote(c *client.Client) *Remote {
	return &Remote{Client: c, in: make(map[int64]*client.Client)}
}

// In returns the same caller in another Workspace. It switches once and keeps the client.
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

// located is the number of ids in one query: the filter must fit into a URL.
const located = 250

// SIMsIn queries the Workspace's list, with a bearer for that Workspace.
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

// owned drops SIMs that a Workspace sees only as issuer or reseller.
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
