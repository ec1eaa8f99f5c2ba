//go:build planted_event_at_target

package planted

const bug = "event_at_target"
