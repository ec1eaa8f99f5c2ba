package api

import _ "embed" // for the document

// OpenAPI is the OpenAPI 3.1 document of the API, in YAML. The server publishes it at
// /openapi.yaml, and the tests validate every exchange against it.
//
//go:embed openapi.yaml
var OpenAPI []byte

// OperatorAPI is the OpenAPI document of the operator API, which has its own listener.
//
//go:embed operator.yaml
var OperatorAPI []byte
