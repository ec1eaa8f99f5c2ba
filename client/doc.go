// Package client is a typed client for a Simferry server, or any server with the same API.
//
//	c, err := client.New("https://sims.example.com", client.WithPassword("admin@example.com", "correct horse"))
//	preview, err := c.Preview(ctx, client.MigrationRequest{Target: 200, SIMs: []int64{250, 251}})
//	done, err := c.Migrate(ctx, request, client.IfMatch(preview.ETag), client.IdempotencyKey(key))
//
// # Signing in
//
// A Client obtains its bearer token automatically: from a password, an application token or a
// refresh token. It renews the bearer before it expires, and once per request if the server
// refuses it with 401. A Client is safe for concurrent use; concurrent requests with an expired
// bearer share one renewal.
//
// # Errors
//
// Every refusal of the server is an [*APIError]. Two have more specific types:
// [*ConflictError], the rules of a migration, and [*StaleError], a preview that is out of date.
// Other failures (no connection, a response that is not JSON) have other types.
//
// # Redirects
//
// Redirects are not followed, because the request contains credentials for the configured
// server. A redirect is a [*RedirectError] with its destination.
//
// # Retries
//
// A request that is safe to repeat is retried on 429, 502, 503, 504 and connection failures, as
// configured by [Retry]: every read, every dry run, and every write with an [IdempotencyKey].
// Other writes are retried only if no connection was established, so the server cannot have
// processed them.
//
// # Other servers
//
// Simferry's additions to the API are optional. If a server has no entity tags, a preview has
// no ETag and [IfMatch] has no effect; without a ledger, Location is empty; without request
// ids, [APIError] has no RequestID.
//
// Times are in UTC; ids are those of the wire; "Workspace" is what the wire calls organisation,
// customer_org or target_workspace.
package client
