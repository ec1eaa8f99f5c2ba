package limit

import (
	"cmp"
	"runtime"
)

const (
	// anonymousAtOnce bounds the concurrent requests without a known caller over all addresses.
	anonymousAtOnce = 128
	// waitingAtOnce bounds the queued requests of all callers, and so their memory.
	waitingAtOnce = 1024
	// requestsAtOnce is how many requests of one caller, or of one address, are worked on at once.
	requestsAtOnce = 8
	// pagesRest is from how many waiting pages of one Workspace it rests after each.
	pagesRest = 2
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
	Pages     *Gate // large lists, and pages of downloads, while they are made; by Workspace

	// Memory bounds the bodies in memory.
	Memory *Budget
}

// NewGates returns the gates for this many concurrent requests of one caller and of one address,
// and this many that wait. 0 means 8, 8 and 64.
func NewGates(perCaller, perAddress, waiting int) *Gates {
	queue := cmp.Or(waiting, 64)
	atOnce := cmp.Or(perCaller, requestsAtOnce)
	return &Gates{
		Uploads: NewGate(Rules{Total: uploadsAtOnce, PerParty: 1}), Lists: NewGate(Rules{Total: 1}), Memory: NewBudget(BodyMemory, BodyMemoryOfCaller),
		Pages:     NewPages(max(1, runtime.GOMAXPROCS(0)-1)),
		Callers:   NewGate(Rules{PerParty: atOnce, Queue: queue, QueueAll: waitingAtOnce, RestFrom: max(atOnce, requestsAtOnce)}),
		Addresses: NewGate(Rules{Total: anonymousAtOnce, PerParty: cmp.Or(perAddress, requestsAtOnce), Queue: queue, QueueAll: waitingAtOnce}),
	}
}

// NewPages returns the gate for this many pages that are made at once. A Workspace has half of
// them.
func NewPages(atOnce int) *Gate {
	return NewGate(Rules{Total: atOnce, PerParty: max(1, atOnce/2), RestFrom: pagesRest})
}
