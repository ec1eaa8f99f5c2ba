// Package pgproxy is a proxy between a program under test and PostgreSQL. It parses enough of the
// protocol to count round trips, and to cut the connection just before a commit reaches the server,
// or after the commit and before its response reaches the client. It can also drop all traffic
// silently, with the connections left open.
//
//	p := pgproxy.Start(t, pgtest.Database(t))
//	... open the program with p.URL() ...
//	before := p.RoundTrips()
//
// The client must connect without TLS, as the URLs of pgtest do.
package pgproxy
