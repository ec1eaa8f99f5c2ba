// Package identity answers who is asking and what they may do: password hashes, the
// signed tokens and the keys that sign them, the Principal, and the one table from role
// to permission.
//
// It stores nothing and dials nothing. The clock is a parameter; randomness comes from
// crypto/rand.
package identity
