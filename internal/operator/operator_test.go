package operator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/world"
)

// cheap makes password hashing fast.
var cheap = identity.Params{Memory: 8, Time: 1, Threads: 1}

var anywhere = netip.MustParseAddr("192.0.2.7")

// installation is a fresh database with a Control over it.
type installation struct {
	*control.Control
	t        *testing.T
	operator operator.Operator
	store    *store.Store
}

// Bearer verifies a token and authenticates its caller.
func (in installation) Bearer(ctx context.Context, raw string, from identity.Origin) (identity.Principal, error) {
	claims, err := in.VerifyToken(ctx, raw)
	if err != nil {
		return identity.Principal{}, err
	}
	return in.Authenticate(ctx, claims, from)
}

// onEach runs a test with a fresh installation on every engine.
func onEach(t *testing.T, test func(in installation)) {
	t.Helper()
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		t.Parallel()
		test(install(t, e.URL(t), time.Now))
	})
}

func install(t *testing.T, url string, clock func() time.Time) installation {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Clock: clock, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := control.New(t.Context(), s, control.Options{Password: cheap})
	if err != nil {
		t.Fatal(err)
	}
	return installation{c, t, operator.New(c), s}
}

func (in installation) apply(t *testing.T, file string) operator.Applied {
	t.Helper()
	done, err := in.operator.ApplyWorld(t.Context(), parseWorld(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func parseWorld(t *testing.T, file string) *world.World {
	t.Helper()
	w, err := world.Parse(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (in installation) importCSV(t *testing.T, text string, home fleet.WorkspaceID) (operator.Imported, error) {
	t.Helper()
	list, err := world.ReadSIMs(func() (io.Reader, error) { return strings.NewReader(text), nil })
	if err != nil {
		t.Fatal(err)
	}
	return in.operator.ImportSIMs(t.Context(), list, home, nil)
}

// sims reads every SIM that a Workspace's Administrator sees.
func (in installation) sims(t *testing.T, ws fleet.WorkspaceID) []fleet.SIM {
	t.Helper()
	l, err := fleet.ParseList(fleet.SIMList, "", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := in.ListSIMs(t.Context(), identity.Principal{User: 1, Workspace: ws, Role: fleet.Administrator}, l)
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func (in installation) signIn(t *testing.T, username, password string) (control.Tokens, error) {
	t.Helper()
	return in.SignIn(t.Context(), control.Credentials{Username: username, Password: identity.WireDigest(password)}, identity.Origin{Address: anywhere})
}

const smallWorld = `
workspaces:
  - {id: 100, name: Fleet DE, country: DE, parent: 1}
  - {id: 200, name: Fleet FR, country: FR}
  - {id: 1, name: Ferry Connect, type: mno}
users:
  - {id: 1, username: admin@example.com, name: Admin, password: correct horse, default_workspace: 100, roles: {100: administrator, 200: observer}}
devices:
  - {id: 9001, workspace: 100, name: tracker-7}
sims:
  - {id: 250, iccid: "8988303000000000129", workspace: 100, status: activated, device: 9001}
  - {id: 251, iccid: "8988303000000000130", workspace: 200, production_date: 2021-11-18}
sim_ranges:
  - {first_id: 1000, first_iccid: "8988303000000100000", count: 40, workspace: 100}
profiles:
  - {id: 1, workspace: 100, kind: service, name: Default}
`

func TestApplyWorldTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		file := strings.Replace(smallWorld, "count: 40", "count: 6000", 1) // more than one batch
		first := in.apply(t, file)
		want := operator.Applied{
			Workspaces: operator.Tally{Added: 3}, Users: operator.Tally{Added: 1}, Devices: operator.Tally{Added: 1},
			Profiles: operator.Tally{Added: 1}, SIMs: operator.Tally{Added: 6002},
		}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Error(diff)
		}
		session, err := in.signIn(t, "admin@example.com", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		entries := in.imports(t)
		second := in.apply(t, file)
		want = operator.Applied{
			Workspaces: operator.Tally{Kept: 3}, Users: operator.Tally{Kept: 1}, Devices: operator.Tally{Kept: 1},
			Profiles: operator.Tally{Kept: 1}, SIMs: operator.Tally{Kept: 6002},
		}
		if diff := cmp.Diff(want, second); diff != "" {
			t.Error(diff)
		}
		if got := in.imports(t); got != entries || entries != 1 {
			t.Errorf("%d imports in the ledger after the first, %d after the second, want one", entries, got)
		}
		if _, err := in.Bearer(t.Context(), session.Bearer, identity.Origin{Address: anywhere}); err != nil {
			t.Errorf("the session has ended: %v", err)
		}
	})
}

// imports counts the ledger entries by their uids: none can be written twice, so the next ID of
// the ledger gives their number.
func (in installation) imports(t *testing.T) (n int64) {
	t.Helper()
	err := in.store.View(t.Context(), func(tx *store.Tx) error {
		next, err := tx.NextID(t.Context(), "ledger")
		n = next - 1
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestApplyWorldFillsIn(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		before := time.Now().Add(-time.Second)
		in.apply(t, smallWorld)
		sims := in.sims(t, 100)
		if sims[0].Issuer != 1 {
			t.Errorf("SIM 250 was issued by %d, want the parent of its Workspace, 1", sims[0].Issuer)
		}
		if sims[0].Produced.Before(before) || sims[0].Activated.Before(before) {
			t.Errorf("an activated SIM was produced at %v and activated at %v, want the present", sims[0].Produced, sims[0].Activated)
		}
		other := in.sims(t, 200)[0]
		if want := time.Date(2021, 11, 18, 0, 0, 0, 0, time.UTC); other.Issuer != 200 || !other.Produced.Equal(want) || !other.Activated.IsZero() {
			t.Errorf("SIM 251 was issued by %d at %v and activated at %v, want its own Workspace, %v, never", other.Issuer, other.Produced, other.Activated, want)
		}
	})
}

func TestApplyWorldBringsUpToDate(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		old, err := in.signIn(t, "admin@example.com", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		done := in.apply(t, `
workspaces: [{id: 200, name: Fleet France, country: FR}]
users: [{id: 1, username: admin@example.com, name: Admin, password: battery staple, default_workspace: 200, roles: {200: administrator}}]
sims: [{id: 250, iccid: "8988303000000000129", workspace: 200, status: issued}]
`)
		want := operator.Applied{Workspaces: operator.Tally{Changed: 1}, Users: operator.Tally{Changed: 1}, SIMs: operator.Tally{Kept: 1}}
		if diff := cmp.Diff(want, done); diff != "" {
			t.Error(diff)
		}
		if _, err := in.Bearer(t.Context(), old.Bearer, identity.Origin{Address: anywhere}); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("after a new password the old session answers %v", err)
		}
		if _, err := in.signIn(t, "admin@example.com", "battery staple"); err != nil {
			t.Error(err)
		}
		users, err := in.operator.ListUsers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		roles := map[fleet.WorkspaceID][]fleet.Role{}
		for _, m := range users[0].Memberships {
			roles[m.Workspace.ID] = m.Roles
		}
		wantRoles := map[fleet.WorkspaceID][]fleet.Role{100: {fleet.Administrator}, 200: {fleet.Administrator}}
		if diff := cmp.Diff(wantRoles, roles); diff != "" {
			t.Error(diff)
		}
		if sim := in.sims(t, 100)[0]; sim.ID != 250 || sim.Status != fleet.SIMActivated {
			t.Errorf("the SIM that was there is now %+v", sim)
		}
	})
}

func TestApplyWorldRefusesAllOrNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		tests := []struct {
			name, file string
			want       []string
		}{
			{"dangling references", `
workspaces: [{id: 300, name: A, parent: 301}]
users: [{id: 9, username: a@b.example, roles: {302: user}}]
devices: [{id: 9, workspace: 303}]
profiles: [{id: 9, workspace: 304, kind: tariff, name: P}]
sim_ranges: [{first_id: 90000, first_iccid: "8988303000000900000", count: 5, workspace: 305}]`, []string{
				"workspace 300: parent: there is no Workspace 301, neither in the file nor in the database: add it to the file, or choose another",
				"user 9: roles: there is no Workspace 302, neither in the file nor in the database: add it to the file, or choose another",
				"profile 9: workspace: there is no Workspace 304, neither in the file nor in the database: add it to the file, or choose another",
				"device 9: workspace: there is no Workspace 303, neither in the file nor in the database: add it to the file, or choose another",
				"sim_ranges[0]: workspace: there is no Workspace 305, neither in the file nor in the database: add it to the file, or choose another",
			}},
			{"a circle through the database", `workspaces: [{id: 1, name: Ferry Connect, type: mno, parent: 100}]`,
				[]string{"workspace 1: parent: it would be its own ancestor: choose one that is not below it"}},
			{"a username of another", `users: [{id: 9, username: admin@example.com}]`,
				[]string{"user 9: username: admin@example.com already belongs to user 1: choose another"}},
			{"a device that holds a SIM", `devices: [{id: 9001, workspace: 200}]`,
				[]string{"device 9001: workspace: the device holds SIM 250 in Workspace 100: detach the SIM first"}},
			{"a device that holds a SIM, deleted", `devices: [{id: 9001, workspace: 100, status: deleted}]`,
				[]string{"device 9001: status: the device holds SIM 250: detach the SIM first"}},
			{"SIMs", `
devices: [{id: 9002, workspace: 200}]
sims:
  - {id: 250, iccid: "8988303000000000777", workspace: 100}
  - {id: 260, iccid: "8988303000000000130", workspace: 100}
  - {id: 261, iccid: "8988303000000000778", workspace: 100, device: 9001}
  - {id: 262, iccid: "8988303000000000779", workspace: 100, device: 9999}
  - {id: 263, iccid: "8988303000000000780", workspace: 100, reseller: 999}`, []string{
				"SIM 250: id: SIM 250 has the ICCID 8988303000000000129: choose another id",
				"SIM 260: iccid: 8988303000000000130 already belongs to SIM 251: leave this one out",
				"SIM 261: device: device 9001 holds another SIM already: choose another, or leave it out",
				"SIM 262: device: device 9999 does not exist: import it first, or leave it out",
				"SIM 263: reseller: there is no Workspace 999: create it first, or choose another",
			}},
		}
		in.apply(t, smallWorld)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := in.operator.ApplyWorld(t.Context(), parseWorld(t, "workspaces: [{id: 400, name: New}]"))
				if err != nil {
					t.Fatal(err)
				}
				before := in.everything(t)
				_, err = in.operator.ApplyWorld(t.Context(), parseWorld(t, tt.file))
				if diff := cmp.Diff(tt.want, particulars(t, err)); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(before, in.everything(t)); diff != "" {
					t.Errorf("a refused world changed:\n%s", diff)
				}
			})
		}
	})
}

// everything returns all that an operator can read.
func (in installation) everything(t *testing.T) string {
	t.Helper()
	workspaces, err := in.operator.ListWorkspaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	users, err := in.operator.ListUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(workspaces, users, in.sims(t, 100), in.sims(t, 200), in.imports(t))
}

func particulars(t *testing.T, err error) []string {
	t.Helper()
	var e *fleet.Error
	if !errors.As(err, &e) || e.Code != fleet.ValidationFailed {
		t.Fatalf("got %v, want a ValidationFailed", err)
	}
	messages := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		messages[i] = p.Message
	}
	return messages
}

func TestImportSIMs(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		done, err := in.importCSV(t, "iccid,id,workspace,status\n"+
			"8988303000000000501,,,\n"+
			"8988303000000000502,8000,200,activated\n"+
			"8988303000000000503,,200,\n"+
			"8988303000000000129,250,100,\n", 100)
		if err != nil {
			t.Fatal(err)
		}
		if want := (operator.Imported{Added: 3, Kept: 1}); done != want {
			t.Errorf("imported %+v, want %+v", done, want)
		}
		var got []string
		for _, s := range append(in.sims(t, 100), in.sims(t, 200)...) {
			if s.ID > 7000 {
				got = append(got, fmt.Sprintf("%d %s in %d by %d %s", s.ID, s.ICCID, s.Workspace, s.Issuer, s.Status))
			}
		}
		want := []string{ // free IDs begin above all IDs in the list
			"8001 8988303000000000501 in 100 by 1 Issued",
			"8000 8988303000000000502 in 200 by 200 Activated",
			"8002 8988303000000000503 in 200 by 200 Issued",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if n := in.imports(t); n != 2 {
			t.Errorf("the ledger has %d entries, want one per import", n)
		}
	})
}

func TestImportSIMsNamesEveryBadLine(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		before := in.everything(t)
		_, err := in.importCSV(t, "iccid,id,workspace\n"+
			"8988303000000000501,,100\n"+
			"8988303000000000502,,999\n"+
			"8988303000000000129,,100\n"+
			"8988303000000000503,251,100\n"+
			"8988303000000000504,,\n", 0)
		want := []string{
			"line 3: workspace: there is no Workspace 999: create it first, or choose another",
			"line 4: iccid: 8988303000000000129 already belongs to SIM 250: leave this one out",
			"line 5: id: SIM 251 has the ICCID 8988303000000000130: choose another id",
			"line 6: workspace: it is empty: give a Workspace here, or a default Workspace for the whole list",
		}
		if diff := cmp.Diff(want, particulars(t, err)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(before, in.everything(t)); diff != "" {
			t.Errorf("a refused import changed:\n%s", diff)
		}
	})
}

func TestImportSIMsCountsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		var text strings.Builder
		text.WriteString("iccid,workspace\n")
		for i := range 6001 {
			fmt.Fprintf(&text, "89883030000001%05d,999\n", i)
		}
		_, err := in.importCSV(t, text.String(), 0)
		got := particulars(t, err)
		if len(got) != 1001 || got[999] != "line 1001: workspace: there is no Workspace 999: create it first, or choose another" || got[1000] != "and 5001 more problems: fix these first" {
			t.Errorf("%d problems, the last %q", len(got), got[len(got)-2:])
		}
	})
}

func TestCreateWorkspace(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		ctx := t.Context()
		mno, err := in.operator.CreateWorkspace(ctx, fleet.Workspace{Name: "Ferry Connect", Type: fleet.MobileNetworkOperator})
		if err != nil {
			t.Fatal(err)
		}
		if mno.ID != 1 || mno.Created.IsZero() {
			t.Errorf("created %+v, want id 1 and a time", mno)
		}
		sub, err := in.operator.CreateWorkspace(ctx, fleet.Workspace{ID: 100, Name: "Fleet DE", Country: "de", Parent: mno.ID})
		if err != nil {
			t.Fatal(err)
		}
		all, err := in.operator.ListWorkspaces(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := []fleet.Workspace{mno, {ID: 100, Name: "Fleet DE", Type: fleet.Enterprise, Country: "DE", Parent: 1, Created: sub.Created}}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Error(diff)
		}
		refusals := []struct {
			workspace fleet.Workspace
			code      fleet.Code
			message   string
		}{
			{fleet.Workspace{Name: " "}, fleet.BadRequest, `name: " " is not a name: write some text in one line`},
			{fleet.Workspace{Name: "A\nB"}, fleet.BadRequest, `name: "A\nB" contains the control character U+000A: remove it, and write some text in one line`},
			{fleet.Workspace{Name: "A", Country: "XX"}, fleet.BadRequest, `country: "XX" is not a country code: use two letters as in ISO 3166-1, such as DE`},
			{fleet.Workspace{Name: "A", Parent: 7}, fleet.BadRequest, "parent: there is no Workspace 7: create it first, or choose another"},
			{fleet.Workspace{ID: 100, Name: "A"}, fleet.Duplicated, "id: Workspace 100 already exists (Fleet DE): leave the id out to get a free one"},
		}
		for _, r := range refusals {
			_, err := in.operator.CreateWorkspace(ctx, r.workspace)
			if err == nil || fleet.CodeOf(err) != r.code || err.Error() != r.message {
				t.Errorf("%+v: %v, want %s", r.workspace, err, r.message)
			}
		}
	})
}

// If several commands want the same ID at once, exactly one gets it.
func TestCreateWorkspaceAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		const commands, rounds = 3, 10
		var won atomic.Int64
		var all sync.WaitGroup
		for range commands {
			all.Go(func() {
				for i := range rounds {
					_, err := in.operator.CreateWorkspace(t.Context(), fleet.Workspace{ID: fleet.WorkspaceID(i + 1), Name: "W"})
					switch {
					case err == nil:
						won.Add(1)
					case fleet.CodeOf(err) != fleet.Duplicated:
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if won.Load() != rounds {
			t.Errorf("%d Workspaces created, want %d", won.Load(), rounds)
		}
	})
}

func TestCreateUserAndPassword(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		ctx := t.Context()
		created, err := in.operator.CreateUser(ctx, operator.NewUser{
			Username: "Eve@Example.com", Password: "long enough", Roles: map[fleet.WorkspaceID]fleet.Role{200: fleet.Member, 100: fleet.Administrator},
		})
		if err != nil {
			t.Fatal(err)
		}
		if created.ID != 2 || created.Username != "eve@example.com" || created.Name != "eve@example.com" || created.DefaultWorkspace != 100 || len(created.Memberships) != 2 {
			t.Errorf("created %+v", created)
		}
		old, err := in.signIn(t, "eve@example.com", "long enough")
		if err != nil {
			t.Fatal(err)
		}
		if err := in.operator.SetPassword(ctx, "EVE@example.com", "longer than before"); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Bearer(ctx, old.Bearer, identity.Origin{Address: anywhere}); fleet.CodeOf(err) != fleet.InvalidToken {
			t.Errorf("after a new password the old session answers %v", err)
		}
		if _, err := in.signIn(t, "eve@example.com", "longer than before"); err != nil {
			t.Error(err)
		}
		if err := in.operator.SetPassword(ctx, "nobody@example.com", "long enough"); fleet.CodeOf(err) != fleet.NotFound {
			t.Errorf("a password for an unknown user: %v", err)
		}
		if err := in.operator.SetPassword(ctx, "eve@example.com", "short"); fleet.CodeOf(err) != fleet.BadRequest {
			t.Errorf("a short password: %v", err)
		}
	})
}

func TestSuperAdminSignsInWithoutRoles(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		n := operator.NewUser{Username: "root@example.com", Password: "long enough", SuperAdmin: true, DefaultWorkspace: 200}
		if _, err := in.operator.CreateUser(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		tokens, err := in.signIn(t, "root@example.com", "long enough")
		if err != nil {
			t.Fatal(err)
		}
		caller, err := in.Bearer(t.Context(), tokens.Bearer, identity.Origin{Address: anywhere})
		if err != nil || caller.Workspace != 200 || !caller.SuperAdmin {
			t.Errorf("%+v, %v", caller, err)
		}
	})
}

func TestCreateUserRefuses(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		administrator := map[fleet.WorkspaceID]fleet.Role{100: fleet.Administrator}
		tests := []struct {
			name    string
			user    operator.NewUser
			code    fleet.Code
			message string
		}{
			{"no e-mail address", operator.NewUser{Username: "eve", Password: "long enough", Roles: administrator},
				fleet.BadRequest, `username: "eve" is not a username: write an e-mail address, such as admin@example.com`},
			{"short password", operator.NewUser{Username: "e@x.example", Password: "1234567", Roles: administrator},
				fleet.BadRequest, "password: it must have at least 8 characters"},
			{"no roles", operator.NewUser{Username: "e@x.example", Password: "long enough"},
				fleet.BadRequest, "roles: a user needs a role to sign in: give one, such as administrator of a Workspace"},
			{"foreign default", operator.NewUser{Username: "e@x.example", Password: "long enough", Roles: administrator, DefaultWorkspace: 200},
				fleet.BadRequest, "default_workspace: the user has no role in Workspace 200: give one there, or choose another Workspace"},
			{"superadmin without a place", operator.NewUser{Username: "e@x.example", Password: "long enough", SuperAdmin: true},
				fleet.BadRequest, "default_workspace: a superadmin without roles needs one to sign in to: give the id of a Workspace"},
			{"taken", operator.NewUser{Username: "ADMIN@example.com", Password: "long enough", Roles: administrator},
				fleet.Duplicated, "username: admin@example.com already belongs to user 1: choose another"},
			{"unknown Workspace", operator.NewUser{Username: "e@x.example", Password: "long enough", Roles: map[fleet.WorkspaceID]fleet.Role{7: fleet.Observer}},
				fleet.ValidationFailed, "roles: there is no Workspace 7: create it first, or choose another"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := in.operator.CreateUser(t.Context(), tt.user)
				if err == nil || fleet.CodeOf(err) != tt.code || err.Error() != tt.message {
					t.Errorf("%v, want %s", err, tt.message)
				}
			})
		}
	})
}

func TestCreateApplicationToken(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		in.apply(t, smallWorld)
		ctx := t.Context()
		token, err := in.operator.CreateApplicationToken(ctx, control.NewToken{Workspace: 100, Description: "billing", CIDR: "192.0.2.0/24"})
		if err != nil {
			t.Fatal(err)
		}
		session, err := in.SignInApplication(ctx, token.Text, identity.Origin{Address: anywhere})
		if err != nil {
			t.Fatal(err)
		}
		caller, err := in.Bearer(ctx, session.Bearer, identity.Origin{Address: anywhere})
		if err != nil || caller.Token != token.ID || caller.Workspace != 100 {
			t.Errorf("%+v, %v", caller, err)
		}
		if _, err := in.SignInApplication(ctx, token.Text, identity.Origin{Address: netip.MustParseAddr("198.51.100.1")}); fleet.CodeOf(err) != fleet.BadCredentials {
			t.Errorf("from elsewhere: %v", err)
		}
		refusals := []struct {
			token control.NewToken
			code  fleet.Code
		}{
			{control.NewToken{Workspace: 7}, fleet.NotFound},
			{control.NewToken{Workspace: 100, CIDR: "10.0.0.0/99"}, fleet.BadRequest},
			{control.NewToken{Workspace: 100, Expires: time.Now().Add(-time.Hour)}, fleet.BadRequest},
			{control.NewToken{Workspace: 100, Description: "a\tb"}, fleet.BadRequest},
		}
		for _, r := range refusals {
			if _, err := in.operator.CreateApplicationToken(ctx, r.token); fleet.CodeOf(err) != r.code {
				t.Errorf("%+v: %v, want %d", r.token, err, r.code)
			}
		}
	})
}

func TestSweepDeletesExpiredRows(t *testing.T) {
	now := time.Now()
	in := install(t, kit.SQLite.URL(t), func() time.Time { return now })
	in.apply(t, smallWorld)
	tokens, err := in.signIn(t, "admin@example.com", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(control.RefreshTTL + time.Minute)
	if err := in.operator.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour) // the row would be valid again if it still existed
	if _, err := in.Refresh(t.Context(), tokens.Refresh, identity.Origin{}); fleet.CodeOf(err) != fleet.BadCredentials {
		t.Errorf("a refresh token that was swept answers %v", err)
	}
}

func TestViolationsAreRecognized(t *testing.T) {
	t.Parallel()
	onEach(t, func(in installation) {
		t := in.t
		ctx := t.Context()
		err := in.store.Update(ctx, func(tx *store.Tx) error {
			return tx.PutDevice(ctx, fleet.Device{ID: 1, Workspace: 999})
		})
		if store.Violated(err) != store.Dangling {
			t.Errorf("a device of no Workspace is %v, want Dangling", store.Violated(err))
		}
		err = in.store.Update(ctx, func(tx *store.Tx) error {
			return tx.PutWorkspace(ctx, fleet.Workspace{ID: 1, Name: "A", Type: 9})
		})
		if store.Violated(err) != store.Outside {
			t.Errorf("a Workspace of no type is %v, want Outside", store.Violated(err))
		}
		in.apply(t, smallWorld)
		err = in.store.Update(ctx, func(tx *store.Tx) error {
			return tx.PutUser(ctx, store.UserRecord{User: fleet.User{ID: 2, Username: "admin@example.com"}})
		})
		if store.Violated(err) != store.Taken {
			t.Errorf("a username twice is %v, want Taken", store.Violated(err))
		}
	})
}
