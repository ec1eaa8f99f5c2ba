// Package bulk moves any number of SIMs over an API that moves 500 at a time: it plans
// all of it first, moves it in chunks, and knows after any interruption what has moved.
//
// A [Planner] asks for a dry run of every SIM and makes a [Plan]: chunks that the server
// has said yes to, and each SIM that may not move with the reasons. A [Runner] sends the
// chunks, one after the other, and keeps a [Journal], synced before and after each. What
// is true of each SIM is in the [State], which is the journal's entries applied to the
// plan, and nothing else: an interrupted run goes on from there.
//
// An answer that was lost is never guessed: the SIMs are read back, and where they are
// decides. Entity tags and idempotency keys are used where a server has them; nothing
// here depends on them.
package bulk
