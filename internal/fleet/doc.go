// Package fleet defines the domain types of Simferry and its central rule: whether and how SIMs
// move between Workspaces (PlanMigration).
//
// It is pure: it imports only the standard library and uses no clock, network or database, so
// that every rule can be checked by table, fuzz and property tests.
package fleet
