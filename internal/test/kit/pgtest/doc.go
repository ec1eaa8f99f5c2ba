// Package pgtest gives tests a real PostgreSQL without any setup.
//
// A package whose tests need one writes
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// and calls Database(t) to get an empty database. The server is, in this order:
//
//   - the one that SIMFERRY_TEST_POSTGRES names (the URL of a superuser);
//   - a private one, from the server programs on PATH or in Debian's directories.
//
// Tests install nothing. Without server programs they fail and say what to install
// (.ci/setup does it). Nothing is skipped: a suite that passes without its database proves
// nothing.
//
// A private server is a cluster in a temporary directory, one per test process, started at
// first use. It runs without fsync, as a user without privileges, on a free loopback port, with
// a random password. Its collation is ICU English on purpose: a query that relies on bytewise
// order without COLLATE "C" fails here, as it would in a customer's database.
//
// Start returns a cluster to stop, kill and restart. It has PostgreSQL's own durability.
package pgtest
