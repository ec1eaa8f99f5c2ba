// Package bulk moves any number of SIMs over an API that moves 500 at a time. It plans all of
// them first, moves them in chunks, and knows after any interruption what has moved.
//
// A [Planner] previews every SIM and makes a [Plan]: chunks that the server has accepted, and
// the SIMs that may not move with the reasons. A [Runner] sends the chunks, one after the
// other, and keeps a [Journal], synced before and after each. The [State] holds what is known
// of each SIM. It is the journal's entries applied to the plan, so an interrupted run continues
// from there.
//
// A lost reply is never guessed: the SIMs are read back, and their Workspace decides. Entity
// tags and idempotency keys are used if the server has them; nothing here depends on them.
package bulk
