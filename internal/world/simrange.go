package world

import (
	"fmt"
	"iter"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// MaxRange is how many SIMs one range may have. It is far above any realistic fleet and low
// enough that a typing mistake does not fill the disk.
const MaxRange = 10_000_000

// subscriberNumbers is how many numbers of 15 digits there are.
const subscriberNumbers = 1_000_000_000_000_000

// msisdnOffset makes a derived MSISDN differ from the IMSI of the same SIM.
const msisdnOffset = 423_663_000_000_000

// SIMRange stands for Count SIMs whose ids and ICCIDs follow one another. FirstICCID must
// be a valid ICCID; Parse returns no other.
type SIMRange struct {
	FirstID    fleet.SIMID
	FirstICCID fleet.ICCID
	Count      int
	Workspace  fleet.WorkspaceID
	Issuer     fleet.WorkspaceID
	Status     fleet.SIMStatus
	Model      fleet.ModelID // 0 for the standard one
	BIC        string        // of the batch of all of them, "" for none
}

// SIMs returns the SIMs of the range, ascending: SIM i has the id FirstID + i and the ICCID
// FirstICCID + i. They end early if the ICCID would exceed 19 digits.
//
// IMSI and MSISDN are derived from the ICCID alone, so that they are the same in every run: the
// IMSI is the last 15 of its 19 digits, the MSISDN is that number plus 423663000000000, modulo
// 10^15. Both are one to one with the last 15 digits. Two SIMs therefore share them only if
// their ICCIDs differ only in the first four digits; Parse rejects two such ranges in a file.
func (r SIMRange) SIMs() iter.Seq[fleet.SIM] {
	return func(yield func(fleet.SIM) bool) {
		for i := range r.Count {
			iccid, ok := r.FirstICCID.Add(i)
			if !ok || !yield(r.sim(i, iccid)) {
				return
			}
		}
	}
}

func (r SIMRange) sim(i int, iccid fleet.ICCID) fleet.SIM {
	return fleet.SIM{
		ID:        r.FirstID + fleet.SIMID(i),
		ICCID:     iccid,
		IMSI:      string(iccid[fleet.ICCIDLength-15:]),
		MSISDN:    fmt.Sprintf("%015d", (subscriber(iccid)+msisdnOffset)%subscriberNumbers),
		Status:    r.Status,
		Workspace: r.Workspace,
		Issuer:    r.Issuer,
		Model:     r.Model,
		BIC:       r.BIC,
	}
}

// number returns the ICCID as an integer, of which 19 digits fit into 64 unsigned bits.
func number(iccid fleet.ICCID) uint64 {
	n, _ := strconv.ParseUint(string(iccid), 10, 64)
	return n
}

// subscriber returns the number from which the IMSI and the MSISDN are derived.
func subscriber(iccid fleet.ICCID) uint64 { return number(iccid) % subscriberNumbers }
