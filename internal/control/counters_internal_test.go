package control

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// counterMakers are all functions that make a Counter; TestEveryCounterIsKnown compares the
// list with the source.
var counterMakers = map[string]any{
	"failuresAt": failuresAt, "deviceFailures": deviceFailures, "guessesAt": guessesAt, "deviceGuesses": deviceGuesses,
	"confirmations": confirmations, "admittedFrom": admittedFrom, "admittedGuesses": admittedGuesses, "attemptsFrom": attemptsFrom,
	"resetsOf": resetsOf, "invitationsTo": invitationsTo, "batchGuessesIn": batchGuessesIn, "OperatorGuessesFrom": OperatorGuessesFrom,
	"terminalCodesOf": terminalCodesOf, "codeGuessesOf": codeGuessesOf, "simRequestsOf": simRequestsOf,
}

// Two counters share a row only if the same function makes them from the same arguments,
// whatever user names clients send.
func TestCountersShareNoRow(t *testing.T) {
	addresses := []any{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8"), netip.MustParseAddr("2001:db8::1")}
	ids := []int64{0, 1, 7, 17}
	names := []string{"", "a@example.com", "1", "7", "203.0.113.7", "a@example.com device 7", "a@example.com 203.0.113.7",
		"a@example.com 203.0.113.7 203.0.113.8", "2001:db8::/64", "a@example.com 2001:db8::/64", " ", "device 7", "guesses"}
	for kind := range counterMakers {
		names = append(names, kind, kind+" a@example.com")
	}
	made := make(map[Counter]string)
	for range 2 { // the second pass uses names like the keys of counters
		for name, f := range counterMakers {
			function := reflect.ValueOf(f)
			for _, in := range arguments(function.Type(), names, ids, addresses) {
				c, _ := function.Call(in)[0].Interface().(Counter)
				call := name
				for _, v := range in {
					call += fmt.Sprintf(" %q", fmt.Sprint(v.Interface()))
				}
				if other := made[c]; other != "" && other != call {
					t.Fatalf("%s and %s are the same row: %+v", call, other, c)
				}
				made[c] = call
			}
		}
		for c := range made {
			names = append(names, c.key)
		}
		slices.Sort(names)
		names = slices.Compact(names)
	}
}

// arguments returns all combinations of arguments of a function.
func arguments(f reflect.Type, names []string, ids []int64, addresses []any) [][]reflect.Value {
	all := [][]reflect.Value{nil}
	for i := range f.NumIn() {
		var values []reflect.Value
		switch in := f.In(i); in.Kind() {
		case reflect.String:
			for _, name := range names {
				values = append(values, reflect.ValueOf(name))
			}
		case reflect.Int64:
			for _, id := range ids {
				values = append(values, reflect.ValueOf(id).Convert(in))
			}
		default:
			for _, a := range addresses {
				values = append(values, reflect.ValueOf(a))
			}
		}
		var longer [][]reflect.Value
		for _, head := range all {
			for _, v := range values {
				longer = append(longer, append(head[:len(head):len(head)], v))
			}
		}
		all = longer
	}
	return all
}

// Counters are made, read and written in counters.go only.
func TestEveryCounterIsKnown(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	statement := regexp.MustCompile(`tx\.(Counter|Count|Uncount|ExpireCounter|ClearCounter)\(|\bcounter\{"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "counters.go" {
			for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(.*\) Counter \{`).FindAllStringSubmatch(string(text), -1) {
				if counterMakers[m[1]] == nil {
					t.Errorf("counterMakers lacks %s", m[1])
				}
			}
			continue
		}
		if found := statement.Find(text); found != nil && !strings.HasSuffix(file, "_test.go") {
			t.Errorf("%s has %s: use a Counter of counters.go", file, found)
		}
	}
}
