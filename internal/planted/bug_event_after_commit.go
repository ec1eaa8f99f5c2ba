//go:build planted_event_after_commit

package planted

const bug = "event_after_commit"
