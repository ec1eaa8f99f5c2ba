package console

import "github.com/simferry/simferry/internal/identity"

// Route is a row of the table of routes, for tests.
type Route struct {
	Pattern string
	Need    identity.Permission
}

// Routes returns the table of routes.
func Routes() (all []Route) {
	for _, rt := range routes() {
		all = append(all, Route{rt.pattern, rt.need})
	}
	return all
}

// Texts returns the catalogue, and Policy the Content-Security-Policy.
func Texts() map[string]string { return texts }

// Policy is the Content-Security-Policy of every page.
var Policy = policy
