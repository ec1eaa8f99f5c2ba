//go:build planted_limit_501

package planted

const bug = "limit_501"
