// Package limit bounds what one caller can take from the others: requests at once (Gate),
// bytes of bodies in memory (Budget), connections (Conns) and bytes of a log line (Log).
package limit
