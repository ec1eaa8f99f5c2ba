// Package pgtest gives tests a real PostgreSQL that nobody has to set up.
//
// A package whose tests need one writes
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// and asks for Database(t) where it wants an empty database. The server is, in this order:
//
//   - the one that SIMFERRY_TEST_POSTGRES names (the URL of a superuser);
//   - one of our own, from the server programs on PATH, or where Debian puts them;
//   - the same after apt-get install postgresql, where the test runs as root on Debian.
//
// Where none can be had the test fails and says what to install. Nothing is skipped: a
// suite that passes without its database proves nothing.
//
// Our own server is a private cluster in a temporary directory, one per test process,
// started at first use. It runs with PostgreSQL's own durability (fsync on), as a user
// without privileges, on a loopback port that was free, with a password of its own. Its
// collation is ICU English on purpose: a query that relies on bytewise order without
// saying COLLATE "C" fails here, as it would at a customer's.
//
// Start gives a cluster to stop, kill and restart, for tests of what happens then.
package pgtest
