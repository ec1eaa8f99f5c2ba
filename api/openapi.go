package api

import _ "embed" // for the document

// OpenAPI is the OpenAPI 3.1 document of everything that Simferry answers, in YAML. The
// server publishes it at /openapi.yaml and the tests judge every exchange by it.
//
//go:embed openapi.yaml
var OpenAPI []byte

// OperatorAPI is the document of the operator API, which has a listener of its own.
//
//go:embed operator.yaml
var OperatorAPI []byte
