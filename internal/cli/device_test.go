package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const deviceWorld = `
workspaces:
  - {id: 1, name: Issuer, type: mno}
  - {id: 100, name: Fleet DE, parent: 1}
  - {id: 200, name: Fleet FR, parent: 1}
profiles:
  - {id: 1, workspace: 100, kind: service, name: Default}
  - {id: 2, workspace: 200, kind: tariff, name: Default}
devices:
  - {id: 9001, workspace: 100, name: "a, \"b\"", tags: "north, gas", imei: "353175101234560", imei_lock: true, ip_address: 10.0.0.1, service_profile: 1}
  - {id: 9002, workspace: 200, status: disabled, tariff_profile: 2}
  - {id: 9003, workspace: 200, status: deleted}
`

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, r result) string {
	t.Helper()
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.errors)
	}
	return r.out
}

// What is exported from one installation is imported into another, and exported from there
// as it was.
func TestDeviceExportAndImport(t *testing.T) {
	here, there := database(t), database(t)
	must(t, run(t, here, "", "seed", file(t, "world.yaml", deviceWorld)))
	exported := filepath.Join(t.TempDir(), "devices.csv")
	if r := run(t, here, "", "device", "export", exported); r.code != 0 || r.out+r.errors != "" {
		t.Errorf("export said %q and %q", r.out, r.errors)
	}
	text, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := "id,workspace,name,status,service_profile,tariff_profile,tags,imei,imei_lock,ip_address,created"
	if len(lines) != 3 || lines[0] != want || !strings.HasPrefix(lines[1], `9001,100,"a, ""b""",enabled,1,,"north, gas",353175101234560,true,10.0.0.1,2`) ||
		!strings.HasPrefix(lines[2], "9002,200,,disabled,,2,,,false,,2") {
		t.Errorf("exported:\n%s", text)
	}
	if got := must(t, run(t, here, "", "device", "export", "--workspace", "200")); got != lines[0]+"\n"+lines[2]+"\n" {
		t.Errorf("of one Workspace:\n%s", got)
	}
	world, _, _ := strings.Cut(deviceWorld, "devices:")
	must(t, run(t, there, "", "seed", file(t, "world.yaml", world)))
	if got := must(t, run(t, there, "", "device", "import", exported, "--output", "json")); !strings.Contains(got, `"added": 2`) {
		t.Errorf("import said %s", got)
	}
	if got := must(t, run(t, there, "", "device", "export")); got != string(text) {
		t.Errorf("exported again:\n%s\nwant\n%s", got, text)
	}
	if got := must(t, run(t, there, "", "device", "import", exported, "--output", "json")); !strings.Contains(got, `"kept": 2`) {
		t.Errorf("the second import said %s", got)
	}
	must(t, run(t, there, "", "fsck"))
}

func TestDeviceImportIsAllOrNothing(t *testing.T) {
	db := database(t)
	must(t, run(t, db, "", "seed", file(t, "world.yaml", deviceWorld)))
	before := must(t, run(t, db, "", "device", "export"))
	bad := file(t, "bad.csv", "id,workspace,service_profile,name\n,100,1,fine\n9001,200,,moved\n,300,,nowhere\n,200,1,stray\n,,,homeless\n")
	r := run(t, db, "", "device", "import", bad)
	for _, want := range []string{
		"line 3: id: device 9001 already exists, in Workspace 100", "line 4: workspace: there is no Workspace 300: create it first",
		"line 5: service_profile: Workspace 200 has no profile 1", "line 6: workspace: it is empty",
	} {
		if !strings.Contains(r.errors, want) {
			t.Errorf("did not say %q: %s", want, r.errors)
		}
	}
	if r.code != 1 || must(t, run(t, db, "", "device", "export")) != before {
		t.Errorf("exit code %d, or something was imported", r.code)
	}
	must(t, run(t, db, "", "device", "import", file(t, "good.csv", "name\nfree\n"), "--workspace", "200"))
	if got := must(t, run(t, db, "", "device", "export", "--workspace", "200")); !strings.Contains(got, "\n9004,200,free,enabled,") {
		t.Errorf("no free id was taken:\n%s", got)
	}
	if r := run(t, db, "", "device", "export", "--workspace", "7"); r.code != 1 || !strings.Contains(r.errors, "workspace with id 7 not found") {
		t.Errorf("exit code %d, said %s", r.code, r.errors)
	}
}

// More than one batch.
func TestManyDevicesAreImported(t *testing.T) {
	db := database(t)
	must(t, run(t, db, "", "seed", file(t, "world.yaml", deviceWorld)))
	var b strings.Builder
	b.WriteString("name,workspace\n")
	const n = 12_000
	for i := range n {
		fmt.Fprintf(&b, "meter-%d,100\n", i)
	}
	if got := must(t, run(t, db, "", "device", "import", file(t, "many.csv", b.String()), "--output", "json")); !strings.Contains(got, `"added": 12000`) {
		t.Errorf("import said %s", got)
	}
	got := strings.Split(strings.TrimSpace(must(t, run(t, db, "", "device", "export", "--workspace", "100"))), "\n")
	if len(got) != n+2 || !strings.HasPrefix(got[n+1], fmt.Sprintf("%d,100,meter-%d,", 9003+n, n-1)) {
		t.Errorf("%d lines, the last %s", len(got), got[len(got)-1])
	}
}
