// Package profile stores the sessions of the CLI's user: the server, the user, and the tokens,
// one file per profile that only its owner may read. Several processes may use one profile at
// once; a refresh token works once, so they take turns.
package profile
