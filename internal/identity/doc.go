// Package identity implements authentication and permissions: password hashes, the signed
// tokens and the keys that sign them, the Principal, and the table from role to permission.
//
// It has no storage and no network access. The clock is a parameter; randomness comes from
// crypto/rand.
package identity
