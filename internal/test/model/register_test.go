package model_test

import (
	"slices"

	"github.com/anishathalye/porcupine"
)

// hot are the few SIMs that concurrent clients fight over.
var hot = [...]int64{1000, 1001, 1002, 1003}

// places are the Workspaces of the hot SIMs: the whole state of the sequential machine. It is
// one register of all SIMs and not one for each, so that a migration of several must be atomic
// for all of them; each SIM alone is then linearizable too.
type places [len(hot)]int64

// call is a request of a client: a migration of some SIMs, or a list of all.
type call struct {
	target int64 // 0 for the list
	sims   []int // indexes into hot
}

// outcome is the response to it.
type outcome struct {
	status  int
	at      places // of the list; of a successful migration, the Workspaces of the SIMs
	already []int  // of a 409: those that were in the target (1506)
}

// registers is the machine that a history is compared with.
var registers = porcupine.Model{
	Step: func(state, input, output any) (bool, any) {
		now, c, out := state.(places), input.(call), output.(outcome) //nolint:errcheck,forcetypeassert // we put them there
		switch {
		case c.target == 0:
			return now == out.at, now
		case out.status == 200:
			return now.move(c, out)
		}
		for _, i := range c.sims {
			if (now[i] == c.target) != slices.Contains(out.already, i) {
				return false, now
			}
		}
		return len(out.already) > 0, now
	},
}

func (now places) move(c call, out outcome) (bool, any) {
	next := now
	for _, i := range c.sims {
		if now[i] != out.at[i] || now[i] == c.target {
			return false, now
		}
		next[i] = c.target
	}
	return true, next
}

// from returns the machine that starts with the SIMs in these places.
func from(start places) porcupine.Model {
	m := registers
	m.Init = func() any { return start }
	return m
}
