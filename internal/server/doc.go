// Package server assembles the server: it opens an installation, and runs the HTTP server over
// it from start to stop.
package server
