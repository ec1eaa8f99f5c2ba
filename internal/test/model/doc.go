// Package model holds an independent model of Simferry and drives it side by side with
// servers on both engines: the same random requests, and every status, body and row must
// be the same.
//
// The model is written from the contract, with maps and loops, and calls none of the rules
// that it judges. It leaves some values open, such as the wording of most messages and random
// tokens. Even there both engines must return the same responses, byte for byte.
//
//	go test ./internal/test/model                              about 5,000 actions
//	SIMFERRY_MODEL_ACTIONS=1000000 go test -timeout 0 ./internal/test/model -run TestModel
//	go test ./internal/test/model -run TestModel -rapid.seed N  the same again
//	SIMFERRY_HISTORIES=1000 go test -timeout 0 ./internal/test/model -run TestLinear
package model
