// Package pgproxy is a proxy between a program under test and PostgreSQL. It reads enough of
// the protocol to count round trips, and to cut the connection at the worst time: just before
// a commit reaches the server, or just after it has happened and before the client knows;
// and to swallow all that is said without a word.
//
//	p := pgproxy.Start(t, pgtest.Database(t))
//	... open the program with p.URL() ...
//	before := p.RoundTrips()
//
// The client must speak without TLS, as the URLs of pgtest do.
package pgproxy
