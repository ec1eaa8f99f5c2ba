// Package api holds what travels: the requests and responses that the server and the
// client share, and the OpenAPI document that describes them.
//
// It imports the standard library only. A type here says how a value looks on the wire and
// nothing of what it means to the fleet; the rules are elsewhere. Responses use plain Go
// values. Requests use [Optional] and [IDRef], because a request must tell a key that is
// absent from one that is null, and must take back a reference as a listing returned it.
//
// "Workspace" in this package is what the wire calls organisation, customer_org or
// target_workspace, depending on the operation.
package api
