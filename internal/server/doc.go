// Package server puts the parts together: it opens an installation, and runs the HTTP
// server over it from start to stop.
package server
