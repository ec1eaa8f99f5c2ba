package console

import (
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/identity"
)

// public is the need of a page that is shown without a session.
const public = identity.Public

// handle serves one route.
type handle func(*request) (reply, error)

// route is one row of the table of pages and forms. Each has a permission; a test walks the table
// as every role, as a stranger and without a session.
type route struct {
	pattern string              // as for http.ServeMux, with the method
	need    identity.Permission // public: shown without a session
	handle  handle
	body    int64 // most bytes of a form; 0 means maxForm
	choices choices
	// again returns the address to open after the sign-in if the form was sent without a session:
	// its page with the values that were entered. nil opens the page of the form.
	again func(*request) string
}

// choices are the values that parameters of an address can have if they are given. Other values are
// refused: the page would show more than was asked for.
type choices map[string][]string

// numbers returns numbers as they are in addresses.
func numbers[T ~int | ~int8](list ...T) []string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.Itoa(int(n))
	}
	return texts
}

// names returns the names of things that a person can choose.
func names[T any](list []T, name func(T) string) []string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = name(item)
	}
	return texts
}

// routes returns the whole table, one row per page or form. Each noun has its own rows beside its
// handlers.
func routes() []route {
	return slices.Concat(
		signInRoutes,
		overviewRoutes,
		simsRoutes,
		simsStatusRoutes,
		simRoutes,
		simDeviceRoutes,
		devicesRoutes,
		deviceRoutes,
		ledgerRoutes,
		undoRoutes,
		auditRoutes,
		moveRoutes,
		jobsRoutes,
		jobRoutes,
		offersRoutes,
		offerRoutes,
		offerAnswerRoutes,
		receivingCodeRoutes,
		offerNewRoutes,
		inquiriesRoutes,
		requestsRoutes,
		approvalsRoutes,
		rulesRoutes,
		settingsRoutes,
		peopleRoutes,
		memberRoutes,
		meRoutes,
		terminalRoutes,
	)
}
