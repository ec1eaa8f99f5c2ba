// Package cli is the command line of simferry: the server, and the operator's commands
// straight on the database. Each command reads its flags, asks one rule, and prints the
// answer.
//
// Exit codes: 0 done, 1 failed, 2 called wrongly. What a command answers goes to standard
// output, everything else to standard error.
package cli
