package traffic

import "context"

// Proof compares load after load with one database.
type Proof struct {
	last int64 // ledger entry that has been compared

	Asked int // answers that were asked for again, by their keys
}

// replays is how many answers are asked for again after each load.
const replays = 50

// Compare holds a journal against what was stored since the last one, asks fsck, and asks
// again for some of the answers.
func (p *Proof) Compare(ctx context.Context, url string, c *Clients, j *Journal) (wrong []string, err error) {
	asked, wrong := j.Replay(ctx, c, replays)
	p.Asked += asked
	have, err := Read(ctx, url, p.last)
	if err != nil {
		return nil, err
	}
	faults, err := Sound(ctx, url)
	if err != nil {
		return nil, err
	}
	p.last = max(p.last, have.Last())
	return append(append(j.Compare(have), wrong...), faults...), nil
}
