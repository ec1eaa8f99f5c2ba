// Package fleet is the vocabulary of Simferry and its one decision: whether and how
// SIMs move between Workspaces (PlanMigration).
//
// It is pure: it imports the standard library only, reads no clock, no network and no
// database, so every rule in it can be tabled, fuzzed and checked by property.
package fleet
