// Package client speaks to a Simferry server, or to any server of the same contract, in
// typed calls.
//
//	c, err := client.New("https://sims.example.com", client.WithPassword("admin@example.com", "correct horse"))
//	preview, err := c.Preview(ctx, client.MigrationRequest{Target: 200, SIMs: []int64{250, 251}})
//	done, err := c.Migrate(ctx, request, client.IfMatch(preview.ETag), client.IdempotencyKey(key))
//
// # Signing in
//
// A Client gets its bearer token by itself: from a password, an application token or a
// refresh token. It renews the bearer before it expires, and once per request where the
// server refuses it with 401. A Client is safe for concurrent use; however many requests
// find the bearer expired, one renewal serves them all.
//
// # Errors
//
// Every refusal of the server is an [*APIError]. Two have particulars of their own and
// are found first: [*ConflictError], the rules of a migration, and [*StaleError], a preview
// that is out of date. What is no refusal (no connection, an answer that is no JSON) is
// none of them.
//
// # Redirects
//
// No redirect is followed: the request has credentials in its header or its body, and they
// are for the server that was named. A redirect is a [*RedirectError], which tells where it
// leads.
//
// # Retries
//
// A request that may be sent twice without harm is repeated on 429, 502, 503, 504 and on
// failures of the connection, as [Retry] says: every read, every dry run, and every write
// with an [IdempotencyKey]. Any other write is repeated only where no connection came about
// at all, so that nothing of it can have been processed.
//
// # Other servers
//
// What Simferry adds to the contract is optional here. Of a server without entity tags a
// preview has no ETag, and [IfMatch] with none asks for nothing; without a ledger,
// Location is empty; [APIError] has no RequestID.
//
// Times are in UTC; ids are those of the wire; "Workspace" is what the wire calls
// organisation, customer_org or target_workspace.
package client
