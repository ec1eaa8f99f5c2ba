// Package demo shows a newcomer one migration from beginning to end: on a throw-away
// database, through the real HTTP API and the public client. Each step is told as what
// was asked, what was answered and why; and checked, so that the tale stays true.
package demo
