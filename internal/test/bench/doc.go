// Package bench measures migrations beside floors: the same row changes as bare SQL,
// written by hand, on the same driver, durability and database. An operation and its floor
// take turns, one by one, so that a noisy machine is equally noisy to both; what is
// reported is their ratio.
package bench
