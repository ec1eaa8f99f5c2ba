// Package kit gives a test a whole Simferry on a real port: the rules and the API over
// a fresh database of either engine, a clock that the test turns, and clients that are
// signed in, each of whose exchanges the OpenAPI document judges.
//
// The world Ferry is the data of most tests; names.go has the names of its Workspaces, users,
// devices and SIMs.
//
// A package whose tests use it writes
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
package kit
