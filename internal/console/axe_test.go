package console_test

import _ "embed" // for axe-core

// axeScript is axe-core, which checks accessibility. It is a copy of the package's axe.min.js,
// under its own licence (testdata/axe/LICENSE): the tests need no network, and nothing of it is in
// the binary.
//
//go:embed testdata/axe/axe.min.js
var axeScript string
