// Package cli is the command line of simferry: the server, the commands of the client, and the
// operator's commands, which work directly on the database. Each command reads its flags, calls
// the API or one rule, and prints the result.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage. Results go to standard output, everything else to
// standard error.
package cli
