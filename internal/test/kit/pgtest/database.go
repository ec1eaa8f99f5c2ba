package pgtest

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// testGarbage is the percentage of new memory after which the tests collect garbage.
const testGarbage = 400

// Main runs the tests of a package and removes the server that they used. TestMain
// consists of it. Tests collect garbage less often, unless GOGC is set: that saves a tenth of
// their processor time. The servers that a test starts as processes are not affected.
func Main(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(testGarbage)
	}
	m.Run() // the testing package exits with its result when TestMain returns
	if err := shared.close(); err != nil {
		panic(err)
	}
}

// Database gives t an empty database of its own and returns its URL. It is dropped when
// the test ends, even with connections open.
func Database(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

// create copies a template. Only template0 and the templates of this package can be copied
// while other tests run: the source must have no connections.
func create(t testing.TB, template string) string {
	t.Helper()
	SkipIfShort(t)
	name := newName()
	if err := shared.exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.exec(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Error(err)
		}
	})
	u, err := shared.urlOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// SkipIfShort skips a test that needs PostgreSQL when the tests run with -short. A plain run
// skips nothing.
func SkipIfShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves PostgreSQL out")
	}
}

// newName needs no quoting in SQL, and is unique among all processes on one server.
func newName() string { return "simferry_test_" + strings.ToLower(rand.Text()) }

// templates are the databases that Template has filled, by the name that the tests use.
type templates struct {
	mu     sync.Mutex
	byName map[string]string
}

// Template has fill prepare a database, once per process and name, of which Clone then
// gives copies: a copy takes a fraction of what schema steps and test data take. fill
// must close its connections. A fill that fails its test is tried again by the next one.
func Template(t testing.TB, name string, fill func(url string)) {
	t.Helper()
	SkipIfShort(t)
	ts := &shared.templates
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.byName[name] != "" {
		return
	}
	database := newName()
	if err := shared.exec("CREATE DATABASE " + database + " TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	u, err := shared.urlOf(database)
	if err != nil {
		t.Fatal(err)
	}
	fill(u)
	if err := shared.exec("ALTER DATABASE " + database + " ALLOW_CONNECTIONS false"); err != nil {
		t.Fatal(err)
	}
	if ts.byName == nil {
		ts.byName = make(map[string]string)
	}
	ts.byName[name] = database
}

// Clone gives t its own copy of what Template prepared under name, and returns its URL.
func Clone(t testing.TB, name string) string {
	t.Helper()
	shared.templates.mu.Lock()
	database := shared.templates.byName[name]
	shared.templates.mu.Unlock()
	if database == "" {
		t.Fatalf("pgtest: there is no template %q: call Template first", name)
	}
	return create(t, database)
}

// drop removes the templates from a server that keeps running after the tests.
func (ts *templates) drop(s *server) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, database := range ts.byName {
		if err := s.exec("DROP DATABASE " + database + " WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}
