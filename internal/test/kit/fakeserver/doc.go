// Package fakeserver is a second server of the contract, for tests, that shares nothing with
// Simferry's: a fleet in memory, no entity tags, no idempotency keys, no ledger, and as
// unkind as servers are. Whatever works with both asks for no more than the contract has.
package fakeserver
