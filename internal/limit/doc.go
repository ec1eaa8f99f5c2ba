// Package limit restricts what one caller can use at the expense of others: concurrent requests
// (Gate), bytes of bodies in memory (Budget), connections (Conns) and bytes of a log line
// (Log). Wait is the pause of work that lets others go first.
package limit
