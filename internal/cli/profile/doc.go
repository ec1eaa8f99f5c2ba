// Package profile keeps the sessions of the command line's user: which server, as whom,
// and the tokens, one file per profile that only its owner may read. Several processes may
// use one profile at once; refresh tokens are good for one use, so they take turns.
package profile
