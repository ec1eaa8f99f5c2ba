package arch

// Module is the prefix of the import paths of this module's packages.
const Module = "github.com/simferry/simferry"

// Rule is what one package may import. Paths are relative to Module; one that ends in
// /... matches the package and all below it.
type Rule struct {
	Imports  []string // this module's, in production code
	Tests    []string // this module's, in addition in its tests
	Never    []string // of others, forbidden to this package only
	Tables   bool     // may import what reads and writes CSV files
	Drivers  bool     // may import database/sql and the database drivers
	Metrics  bool     // may import the Prometheus library
	StdOnly  bool     // production code imports the standard library and nothing else
	TestSide bool     // for tests: it may import anything, and production code may not import it
}

// drivers are what only a package with Drivers, or a test, may import.
var drivers = []string{"database/sql/...", "modernc.org/sqlite/...", "github.com/jackc/pgx/v5/...", "github.com/pressly/goose/v3/..."}

// tables are what only a package with Tables, or a test, may import: a cell that another
// package writes could be a formula.
var tables = []string{"encoding/csv"}

// metricLibraries are what only a package with Metrics, or a test, may import: what is measured
// does not depend on how it is reported.
var metricLibraries = []string{"github.com/prometheus/..."}

// testDrivers are the drivers that tests may import: those of SQLite stay with the store,
// whose DSN is half of its correctness.
var testDrivers = []string{"database/sql/...", "github.com/jackc/pgx/v5/..."}

// testLibraries may not be in a released binary.
var testLibraries = []string{
	"testing", "testing/...", "github.com/google/go-cmp/...", "pgregory.net/rapid/...", "go.uber.org/goleak/...",
	"github.com/anishathalye/porcupine/...", "github.com/getkin/kin-openapi/...", "github.com/rogpeppe/go-internal/testscript/...",
	"github.com/chromedp/...", "github.com/xuri/excelize/v2/...",
}

// Rules lists what each package may import, from the lowest packages to the highest.
var Rules = map[string]Rule{
	// the types that all packages use
	"internal/fleet": {StdOnly: true},
	"api":            {},

	// next to the fleet
	"internal/config":         {Imports: []string{"internal/dburl", "internal/netaddr", "internal/secretfile"}},
	"internal/dburl":          {StdOnly: true},
	"internal/docspage":       {},
	"internal/egress":         {Imports: []string{"internal/fleet"}},
	"internal/cli/atomicfile": {StdOnly: true},
	"internal/httplog":        {Imports: []string{"internal/fleet", "internal/limit", "internal/netaddr"}},
	"internal/limit":          {StdOnly: true},
	"internal/metrics":        {Metrics: true},
	"internal/netaddr":        {StdOnly: true},
	"internal/identity":       {Imports: []string{"internal/fleet", "internal/limit"}},
	"internal/iccidfile":      {Imports: []string{"internal/fleet", "internal/tablefile"}},
	"internal/mailer":         {Imports: []string{"internal/fleet", "internal/secretfile"}},
	"internal/secretfile":     {StdOnly: true},
	"internal/termtext":       {StdOnly: true},
	"internal/world":          {Imports: []string{"internal/fleet", "internal/tablefile"}},

	// the only reader and writer of CSV files and workbooks
	"internal/tablefile": {Imports: []string{"internal/fleet"}, Tables: true},

	"client": {Imports: []string{"api"}, Tests: []string{"internal/control", "internal/operator"}},

	// the command line's own, over the client
	"internal/cli/bulk":    {Imports: []string{"api", "client", "internal/cli/atomicfile"}},
	"internal/cli/profile": {Imports: []string{"api", "client", "internal/cli/atomicfile"}},

	// the rules and what they are built on
	"internal/store":     {Imports: []string{"internal/dburl", "internal/fleet", "internal/limit"}, Tests: []string{"internal/store/fsck"}, Drivers: true},
	"internal/store/...": {Imports: []string{"internal/fleet", "internal/store/..."}, Drivers: true},
	"internal/control": {
		Imports: []string{"internal/fleet", "internal/identity", "internal/netaddr", "internal/store"},
		Tests:   []string{"internal/operator", "internal/world"},
		Never:   []string{"net/http/..."},
	},
	"internal/operator": {
		Imports: []string{"internal/control", "internal/fleet", "internal/identity", "internal/limit", "internal/store", "internal/store/fsck", "internal/world"}, // world: the operator's files
		Never:   []string{"net/http/..."},
	},

	"internal/job": {Imports: []string{"internal/control", "internal/fleet", "internal/limit"}, Tests: []string{"internal/operator"}, Never: []string{"net/http/..."}},

	// the ways in
	"internal/console": {Imports: []string{
		"internal/control", "internal/fleet", "internal/httplog", "internal/iccidfile", "internal/identity", "internal/limit", "internal/netaddr",
		"internal/tablefile",
	}},
	"internal/httpx": {Imports: []string{"api", "internal/fleet", "internal/httplog", "internal/limit", "internal/netaddr"}},
	"internal/httpapi": {
		Imports: []string{"api", "internal/iccidfile", "internal/control", "internal/docspage", "internal/fleet", "internal/httpx", "internal/identity", "internal/tablefile"},
		Tests:   []string{"client", "internal/mailer", "internal/operator"},
	},
	"internal/operatorapi": {Imports: []string{ // world: lists of SIMs that the operator sends
		"api", "internal/control", "internal/fleet", "internal/httpx", "internal/identity", "internal/operator", "internal/world",
	}},
	"internal/server": {
		Imports: []string{
			"internal/config", "internal/console", "internal/control", "internal/egress", "internal/httpapi", "internal/httpx", "internal/identity", "internal/job", "internal/limit",
			"internal/mailer", "internal/metrics",
			"internal/netaddr", "internal/operator", "internal/operatorapi", "internal/secretfile", "internal/store/...", "internal/world",
		},
		Tests: []string{"client"},
	},
	"internal/cli": {Imports: []string{
		"api", "client", "internal/config", "internal/control", "internal/dburl", "internal/demo", "internal/cli/atomicfile", "internal/cli/bulk", "internal/fleet",
		"internal/httpx", "internal/identity", "internal/iccidfile", "internal/limit", "internal/cli/profile", "internal/operator", "internal/server",
		"internal/tablefile", "internal/termtext", "internal/world",
	}},
	"internal/demo": {Imports: []string{"api", "client", "internal/config", "internal/server"}},
	"cmd/simferry":  {Imports: []string{"internal/cli"}},

	// for tests
	"internal/store/storetest": {TestSide: true},
	"internal/test/kit":        {TestSide: true},
	"internal/test/kit/...":    {TestSide: true},
	"internal/test/bench":      {TestSide: true},
	"internal/test/contract":   {TestSide: true},
	"internal/test/model":      {TestSide: true},
	"internal/test/arch":       {TestSide: true},
	"internal/test/faults":     {TestSide: true},
	"internal/test/faults/...": {TestSide: true},
	"e2e":                      {TestSide: true},
	"e2e/...":                  {TestSide: true},
}
