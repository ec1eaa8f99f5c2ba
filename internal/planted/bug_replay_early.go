//go:build planted_replay_early

package planted

const bug = "replay_early"
