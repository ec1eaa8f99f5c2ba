package traffic

import "context"

// Proof compares load after load with one database.
type Proof struct {
	last int64 // ledger entry that has been compared

	Asked int // replies that were requested again by their keys
}

// replays is how many replies are requested again after each load.
const replays = 50

// Compare compares a journal with what was stored since the last one, runs fsck, and requests
// some of the replies again.
func (p *Proof) Compare(ctx context.Context, url string, c *Clients, j *Journal) (wrong []string, err error) {
	asked, wrong := j.Replay(ctx, c, replays)
	p.Asked += asked
	have, err := Read(ctx, url, p.last)
	if err != nil {
		return nil, err
	}
	faults, err := DatabaseFaults(ctx, url)
	if err != nil {
		return nil, err
	}
	p.last = max(p.last, have.Last())
	return append(append(j.Compare(have), wrong...), faults...), nil
}
