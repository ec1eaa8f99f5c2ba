package arch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/test/arch"
)

func TestImportRules(t *testing.T) {
	packages, err := arch.Load(t.Context(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 5 {
		t.Fatalf("go list found %d packages only: the check has not seen the code", len(packages))
	}
	for _, fault := range arch.Check(packages, arch.Rules) {
		t.Error(fault)
	}
}

// A checker that never fails would be useless: each case breaks one rule of imports.
func TestImportViolationsAreFound(t *testing.T) {
	const m = arch.Module + "/"
	tests := map[string]struct {
		pkg  arch.Package
		want []string
	}{
		"nothing wrong": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{m + "internal/fleet", m + "internal/store", "context"}}, nil,
		},
		"package without a row": {
			arch.Package{ImportPath: m + "internal/utils"},
			[]string{"internal/utils has no row in internal/test/arch/rules.go: add one that says what it may import"},
		},
		"fleet imports ours": {
			arch.Package{ImportPath: m + "internal/fleet", Imports: []string{m + "internal/identity"}},
			[]string{"internal/fleet imports internal/identity: no arrow of the design goes there"},
		},
		"fleet imports a library": {
			arch.Package{ImportPath: m + "internal/fleet", Imports: []string{"slices", "github.com/google/uuid"}},
			[]string{"internal/fleet imports github.com/google/uuid: it keeps to the standard library"},
		},
		"fleet's tests may": {
			arch.Package{ImportPath: m + "internal/fleet", XTestImports: []string{m + "internal/fleet", "pgregory.net/rapid"}}, nil,
		},
		"control speaks HTTP": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{"net/http"}},
			[]string{"internal/control imports net/http, which its row forbids"},
		},
		"control below net/http": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{"net/http/httputil", "net/netip"}},
			[]string{"internal/control imports net/http/httputil, which its row forbids"},
		},
		"httpapi goes round the rules": {
			arch.Package{ImportPath: m + "internal/httpapi", Imports: []string{m + "internal/store"}},
			[]string{"internal/httpapi imports internal/store: no arrow of the design goes there"},
		},
		"a name that only begins alike": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{m + "internal/storefront"}},
			[]string{"internal/control imports internal/storefront: no arrow of the design goes there"},
		},
		"control and httpapi": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{m + "internal/httpapi"}},
			[]string{"internal/control imports internal/httpapi: no arrow of the design goes there"},
		},
		"a driver outside the store": {
			arch.Package{ImportPath: m + "internal/control", Imports: []string{"github.com/jackc/pgx/v5/pgxpool"}},
			[]string{"internal/control imports github.com/jackc/pgx/v5/pgxpool: databases are the store's"},
		},
		"drivers inside it": {
			arch.Package{ImportPath: m + "internal/store/postgres", Imports: []string{"github.com/jackc/pgx/v5", "database/sql", m + "internal/store"}}, nil,
		},
		"drivers in tests": {
			arch.Package{ImportPath: m + "internal/control", XTestImports: []string{"github.com/jackc/pgx/v5", "database/sql", "modernc.org/sqlite"}},
			[]string{"internal/control's tests import modernc.org/sqlite: that driver is the store's"},
		},
		"a package that is measured knows Prometheus": {
			arch.Package{ImportPath: m + "internal/store", Imports: []string{"github.com/prometheus/client_golang/prometheus"}},
			[]string{"internal/store imports github.com/prometheus/client_golang/prometheus: only internal/metrics knows how metrics are reported"},
		},
		"production on the testkit": {
			arch.Package{ImportPath: m + "internal/server", Imports: []string{m + "internal/test/kit/pgtest", m + "internal/store/storetest"}},
			[]string{
				"internal/server imports internal/store/storetest, which is for tests",
				"internal/server imports internal/test/kit/pgtest, which is for tests",
			},
		},
		"tests on the testkit": {
			arch.Package{ImportPath: m + "internal/httpapi", TestImports: []string{m + "internal/test/kit", m + "internal/test/contract"}}, nil,
		},
		"a test goes round the design": {
			arch.Package{ImportPath: m + "internal/httpapi", TestImports: []string{m + "internal/store"}},
			[]string{"internal/httpapi's tests import internal/store: no arrow of the design goes there"},
		},
		"a test library shipped": {
			arch.Package{ImportPath: m + "internal/httpapi", Imports: []string{"github.com/getkin/kin-openapi/openapi3", "testing"}},
			[]string{
				"internal/httpapi imports github.com/getkin/kin-openapi/openapi3, which is for tests",
				"internal/httpapi imports testing, which is for tests",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, arch.Check([]arch.Package{tt.pkg}, arch.Rules)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadReadsAllKindsOfImports(t *testing.T) {
	packages, err := arch.Load(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 1 || packages[0].ImportPath != arch.Module+"/internal/test/arch" {
		t.Fatalf("got %v, want this package", packages)
	}
	if len(packages[0].Imports) == 0 || len(packages[0].XTestImports) == 0 {
		t.Errorf("imports are missing: %+v", packages[0])
	}
}

func TestLoadReportsGoListErrors(t *testing.T) {
	if _, err := arch.Load(t.Context(), t.TempDir()); err == nil {
		t.Error("a directory outside any module was listed")
	}
}
