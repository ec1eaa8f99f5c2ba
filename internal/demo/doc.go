// Package demo shows one migration from beginning to end, on a temporary database, through the
// real HTTP API and the public client. Each step prints the request, the response and an
// explanation, and checks the result.
package demo
