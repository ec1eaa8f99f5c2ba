// Package traffic is the load of the fault harnesses: users who write to servers, a journal of what
// they sent and what they got back, and a check of that journal against the ledger (I5, I6, I7).
//
// A harness seeds a database, signs the clients in, and lets them work while it does harm:
//
//	o := traffic.Options{Clients: 8, Seed: seed}
//	err := traffic.Seed(ctx, binary, database, o) // before the servers start
//	clients := traffic.New(o)
//	err = clients.SignIn(ctx, url)
//
//	load := clients.Begin(ctx, urls...)
//	err = load.Await(ctx, 40) // writes that were acknowledged
//	// kill something, and repair it
//	err = load.End(ctx) // also settles what is open
//
//	var checker traffic.Checker // one for each database; it remembers what it has read
//	wrong, err := checker.Check(ctx, database, clients.Journal)
//
// Each client is a user of its own and sends one request after the other. It repeats a request with
// an idempotency key until the reply is final, and now and then much later. By default a client
// sends all kinds of writes; with Options.MigrationsOnly it sends only migrations of a few SIMs.
//
// The check finds the request that made a ledger entry by its user and time. If the clock of the
// server jumps (Checker.ClockJumps), it goes by the reply, the key or the effect. These can only
// identify migrations, so such a harness sets Options.MigrationsOnly.
package traffic
