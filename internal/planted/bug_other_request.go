//go:build planted_other_request

package planted

const bug = "other_request"
