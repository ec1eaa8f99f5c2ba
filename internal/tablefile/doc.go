// Package tablefile reads and writes tables in files: CSV in any encoding and with any
// separator, text, and workbooks (.xlsx). All commands and operations that read or write such
// files use it.
package tablefile
