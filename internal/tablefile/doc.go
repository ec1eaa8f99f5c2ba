// Package tablefile reads and writes the tables that people keep in files: CSV in any
// encoding and with any separator, text, and workbooks (.xlsx). Every command and every
// operation that reads or writes such a file does it here.
package tablefile
