package model_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/test/kit"
)

// weights sets how often each kind of action is drawn.
var weights = []struct {
	name string
	n    int
	act  func(*pair)
}{
	{"migrate", 32, (*pair).migrate}, {"migrate many", 5, (*pair).migrateMany}, {"migrate again", 9, (*pair).migrateAgain}, {"run a preview", 9, (*pair).runPreview},
	{"undo", 12, (*pair).undo},
	{"create job", 10, (*pair).createJob}, {"retry job", 3, (*pair).retryJob}, {"undo job", 4, (*pair).undoJob}, {"act on job", 8, (*pair).actOnJob},
	{"look at job", 6, (*pair).lookAtJob},
	{"make code", 4, (*pair).makeCode}, {"revoke code", 1, (*pair).revokeCode}, {"make offer", 8, (*pair).makeOffer}, {"answer offer", 12, (*pair).answerOffer},
	{"put rules", 3, (*pair).putRules}, {"rules of all", 1, (*pair).rulesOfAll}, {"list rules", 2, (*pair).listRules}, {"decide job", 7, (*pair).decideJob},
	{"look at offer", 4, (*pair).lookAtOffer},
	{"patch sim", 12, (*pair).patchSIM}, {"give sim", 7, (*pair).giveSIM}, {"delete sim", 2, (*pair).deleteSIM}, {"delete sims", 2, (*pair).deleteSIMs}, {"write again", 5, (*pair).writeAgain}, {"get sim", 5, (*pair).getSIM}, {"list sims", 9, (*pair).listSIMs},
	{"patch device", 9, (*pair).patchDevice}, {"patch devices", 4, (*pair).patchDevices}, {"create device", 3, (*pair).createDevice},
	{"create devices", 1, (*pair).createDevices}, {"delete devices", 2, (*pair).deleteDevices}, {"get device", 2, (*pair).getDevice},
	{"list devices", 4, (*pair).listDevices}, {"device events", 2, (*pair).deviceEvents}, {"profiles", 1, (*pair).listProfiles},
	{"list events", 6, (*pair).listEvents}, {"sim events", 4, (*pair).simEvents}, {"user events", 2, (*pair).userEvents}, {"list migrations", 5, (*pair).listMigrations},
	{"get migration", 5, (*pair).getMigration}, {"sign in", 5, (*pair).signIn}, {"guess", 2, (*pair).guess}, {"sign in badly", 2, (*pair).signInWrongly},
	{"application", 1, (*pair).signInApplication}, {"refresh", 5, (*pair).refresh}, {"switch", 5, (*pair).switchWorkspace}, {"pass", 5, (*pair).pass},
	{"user status", 2, (*pair).setUserStatus}, {"membership", 4, (*pair).setMembership}, {"make admin", 2, (*pair).makeAdmin},
	{"connectivity", 1, (*pair).getConnectivity}, {"reset connectivity", 2, (*pair).resetConnectivity}, {"profile", 1, (*pair).getProfile}, {"logout", 1, (*pair).logout}, {"memberships", 1, (*pair).memberships}, {"constant", 2, (*pair).constant},
	{"end sessions", 1, (*pair).endSessions}, {"suspend workspace", 2, (*pair).suspendWorkspace},
}

// kinds returns the weights in the form from which rapid draws: by index, so that shrinking goes to
// the first.
func kinds() []int {
	var list []int
	for i, w := range weights {
		for range w.n {
			list = append(list, i)
		}
	}
	return list
}

// check runs any sequence of actions on two servers and the model.
func check(wrap transport, n *tally) func(*rapid.T) {
	all := kinds()
	return func(rt *rapid.T) {
		n.checks++
		p := startPair(rt, wrap, n)
		p.signInAll()
		rt.Repeat(map[string]func(*rapid.T){"act": func(*rapid.T) {
			weights[pick(p, all, "kind")].act(p)
		}})
		p.compareTables()
	}
}

func TestModel(t *testing.T) {
	for _, e := range []kit.Engine{kit.SQLite, kit.Postgres} {
		prepare(t, e)
	}
	var n tally
	seed := setting("rapid.seed")
	t.Cleanup(func() { t.Logf("seed %s, %v", seed, &n) })
	// The length of a check is drawn: what is missing is done with the seeds that follow.
	for again := uint64(0); !t.Failed() && n.actions < wanted(); again++ {
		first, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if again > 0 {
			set("rapid.seed", strconv.FormatUint(first+again, 10))
			set("rapid.checks", strconv.Itoa((wanted()-n.actions)/steps()+1))
		}
		rapid.Check(t, check(nil, &n))
	}
	n.enough(t)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
