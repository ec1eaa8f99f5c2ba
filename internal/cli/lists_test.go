package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func listedIDs(t *testing.T, got result) (ids []int64) {
	t.Helper()
	var sims []struct{ ID int64 }
	if err := json.Unmarshal([]byte(got.out), &sims); err != nil || got.code != 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	for _, s := range sims {
		ids = append(ids, s.ID)
	}
	return ids
}

// A list of all SIMs has every SIM that stays, once, also while a SIM leaves between two
// pages.
func TestListWhileASIMLeaves(t *testing.T) {
	for kind, start := range inventories(t) {
		t.Run(kind, func(t *testing.T) {
			v := start(t)
			b := newBetween(t, v.url, "90")
			p := newPerson(t)
			p.login(b.URL, v.user)
			b.on(afterList, func(n int) {
				if n == 2 {
					v.move(v.first+5, 300)
				}
			})
			seen := make(map[int64]int)
			for _, id := range listedIDs(t, p.run("", "sims", "--filter", filterOf(kind), "--output", "json")) {
				seen[id]++
			}
			for i := range int64(v.n) {
				if n := seen[v.first+i]; n > 1 || n == 0 && i != 5 {
					t.Errorf("SIM %d was listed %d times", v.first+i, n)
				}
			}
		})
	}
}

func TestPageOfAList(t *testing.T) {
	v := inventories(t)["plain"](t)
	p := newPerson(t)
	p.login(v.url, v.user)
	got := p.run("", "sims", "--page", "3", "--limit", "40", "--output", "json")
	if ids := listedIDs(t, got); len(ids) != 40 || ids[0] != 81 || !strings.Contains(got.errors, "81 to 120 of 500: page 3 of 13") {
		t.Errorf("%v, %s", ids, got.errors)
	}
	if ids := listedIDs(t, p.run("", "sims", "--page", "5", "--output", "json")); len(ids) != 100 || ids[0] != 401 {
		t.Errorf("without --limit: %v", ids)
	}
	for want, args := range map[string][]string{
		"there is no page 6: the list has 500 items, on 5 pages of 100": {"--page", "6"},
		"--page: must be 1 or more":                                     {"--page", "0"},
		"--limit: must be 0 or more":                                    {"--limit", "-2"},
		"--page needs a --limit of at least 1":                          {"--page", "1", "--limit", "0"},
		"at most 1000 items":                                            {"--page", "1", "--limit", "2000"},
	} {
		if got := p.run("", append([]string{"sims"}, args...)...); got.code != 2 || !strings.Contains(got.errors, want) {
			t.Errorf("%v: %+v, want %q", args, got, want)
		}
	}
}

// commandLine splits a command line into words. A word such as fleet-de stands for the name
// "fleet de".
func commandLine(flags string) []string {
	words := strings.Fields(flags)
	for i, w := range words {
		if strings.HasPrefix(strings.ToLower(w), "fleet-") {
			words[i] = strings.Replace(w, "-", " ", 1)
		}
	}
	return words
}

// The flags of 'migrations list' find the migrations of a SIM, of a Workspace and of a time.
func TestMigrationsListFlags(t *testing.T) {
	v := inventories(t)["cursor"](t)
	p := newPerson(t)
	p.login(v.url, v.user)
	v.move(v.first, 300)
	for flags, want := range map[string]int{
		fmt.Sprintf("--sim %d", v.first): 1, fmt.Sprintf("--sim %d", v.first+1): 0, "--target 300": 1, "--source 300": 0, "--source fleet-de": 1, "--target FLEET-US": 1, "--target fleet-de": 0, "--target fleet-us --source fleet-de": 1,
		"--from 2020-01-01 --target 300": 1,
		"--until 2020-01-01":             0, "--reference CHG-1": 0, "--iccid 8988303999999999999": 0, "--user 77": 0, "--filter target_workspace:300 --user 77": 0,
	} {
		got := p.run("", append(strings.Fields("migrations list --output json"), commandLine(flags)...)...)
		if ids := listedIDs(t, got); len(ids) != want {
			t.Errorf("%s: %d migrations, want %d", flags, len(ids), want)
		}
	}
	for flags, want := range map[string]string{"--iccid 12": "--iccid", "--reference a,b": "--reference", "--from yesterday": "from takes a day",
		"--source nowhere": "you belong to no Workspace called \"nowhere\"", "--target id:x": "--target"} {
		got := p.run("", append(strings.Fields("migrations list"), strings.Fields(flags)...)...)
		if got.code == 0 || !strings.Contains(got.errors, want) {
			t.Errorf("%s: %+v", flags, got)
		}
	}
}
