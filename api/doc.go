// Package api defines the requests and responses that the server and the client exchange, and
// the OpenAPI document that describes them.
//
// It imports the standard library only. Its types describe the wire format only; the rules are
// elsewhere. Responses use plain Go values. Requests use [Optional] and [IDRef], because in a
// request an absent key differs from null, and a reference may be sent back as a listing
// returned it.
//
// A Workspace in this package is what the wire calls organisation, customer_org or
// target_workspace, depending on the operation.
package api
