//go:build planted_ack_early

package planted

const bug = "ack_early"
