package limit

import "cmp"

const (
	// anonymousAtOnce bounds the concurrent requests without a known caller over all addresses.
	anonymousAtOnce = 128
	// waitingAtOnce bounds the queued requests of all callers, and so their memory.
	waitingAtOnce = 1024
	// uploadsAtOnce bounds the bodies in temporary files.
	uploadsAtOnce = 2
)

// Bytes of request bodies in memory: of all callers, and of one.
const (
	BodyMemory         = 24 << 20
	BodyMemoryOfCaller = 4 << 20
)

// Gates holds the gates that every request of a server passes, whichever interface serves it: the
// API and the console share one.
type Gates struct {
	Callers   *Gate // requests of a known user or application token
	Addresses *Gate // the others, by address
	Uploads   *Gate // files in temporary files, from their first byte until they are read
	Lists     *Gate // files of ICCIDs while they are in memory

	// Memory bounds the bodies in memory.
	Memory *Budget
}

// NewGates returns the gates for this many concurrent requests of one caller and of one address,
// and this many that wait. 0 means 8, 8 and 64.
func NewGates(perCaller, perAddress, waiting int) *Gates {
	queue := cmp.Or(waiting, 64)
	return &Gates{
		Uploads: NewGate(Rules{Total: uploadsAtOnce, PerParty: 1}), Lists: NewGate(Rules{Total: 1}), Memory: NewBudget(BodyMemory, BodyMemoryOfCaller),
		Callers:   NewGate(Rules{PerParty: cmp.Or(perCaller, 8), Queue: queue, QueueAll: waitingAtOnce}),
		Addresses: NewGate(Rules{Total: anonymousAtOnce, PerParty: cmp.Or(perAddress, 8), Queue: queue, QueueAll: waitingAtOnce}),
	}
}
