//go:build planted_replay_before_rights

package planted

const bug = "replay_before_rights"
