//go:build planted_chain_forgets

package planted

const bug = "chain_forgets"
