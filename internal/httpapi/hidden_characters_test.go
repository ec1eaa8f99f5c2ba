package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// hiddenTexts are names with invisible characters.
var hiddenTexts = []string{
	"x\x1b]0;owned\x07y", "x\x07y", "x\x7fy", "x\u0085y", "x\u009b31my", "x\ny", "x\ty", "x\u202egnp.exe", "x\u2066y", "x\u200fy", "x\u061cy",
	"x\u200by", "x\u200cy", "x\u200dy", "x\u2060y", "x\ufeffy", "x\u00ady", "x\u3164y", "x\u2800y", "x\ufe0fy", "x\U000e0041y", "x\u2028y", "\u200b",
}

// bodiesOf has requests that reach the validation of their text, for operations whose row in
// accesses does not.
var bodiesOf = map[string]string{
	"POST /api/v1/user name":                                    `{"username": "new{fresh}@example.com", "name": {id}}`,
	"POST /api/v2/user/invitation name":                         `{"username": "new{fresh}@example.com", "name": {id}}`,
	"POST /api/v1/authenticate trusted_device.name":             `{"mfa_token": "x", "code": "000000", "trusted_device": {"fingerprint": "f", "name": {id}}}`,
	"POST /api/v1/authenticate trusted_device.browser":          `{"mfa_token": "x", "code": "000000", "trusted_device": {"fingerprint": "f", "browser": {id}}}`,
	"POST /api/v1/authenticate trusted_device.operating_system": `{"mfa_token": "x", "code": "000000", "trusted_device": {"fingerprint": "f", "operating_system": {id}}}`,
	"POST /api/v2/user/activation name":                         `{"activationKey": "unknown", "name": {id}}`,
	"POST /operator/v1/user name":                               `{"username": "new{fresh}@example.com", "name": {id}, "workspaces": [{"id": 100, "role": {"id": 1}}]}`,
	"PATCH /api/v1/application_token/{token_id} description":    `{"description": {id}}`,
	"POST /operator/v1/application_token description":           `{"workspace": {"id": 100}, "description": {id}}`,
	"PATCH /operator/v1/workspace/{workspace_id} name":          `{"name": {id}}`,
	"PATCH /api/v1/user/{user_id} name":                         `{"name": {id}}`,
	"POST /api/v2/endpoint/multi endpoints[].name":              `{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{"name": {id}}]}`,
	"POST /api/v2/endpoint/multi endpoints[].tags":              `{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{"tags": {id}}]}`,
	"POST /api/v1/application_token description":                `{"description": {id}}`,
	"PATCH /api/v1/endpoint/{endpoint_id} name":                 `{"name": {id}}`,
	"PATCH /api/v1/endpoint/{endpoint_id} tags":                 `{"tags": {id}}`,
	"PATCH /api/v2/endpoint/multi [].name":                      `[{"id": 9002, "name": {id}}]`,
	"PATCH /api/v2/endpoint/multi [].tags":                      `[{"id": 9002, "tags": {id}}]`,
	"POST /operator/v1/workspace name":                          `{"name": {id}}`,
	"PATCH /operator/v1/user/{user_id} name":                    `{"name": {id}}`,
	"POST /operator/v1/user/{user_id}/unlock address":           `{"address": {id}}`,
	"PUT /operator/v1/user/{user_id}/password password":         `{"password": {id}}`,
	"POST /api/v1/user username":                                `{"username": {id}}`,
	"POST /api/v2/user/invitation username":                     `{"username": {id}}`,
	"POST /operator/v1/user username":                           `{"username": {id}, "workspaces": [{"id": 100, "role": {"id": 1}}]}`,
}

// keepsText lists the places whose text is stored and shown. The test detects new places that
// are missing here, and places that are no longer reached.
var keepsText = []string{
	"PATCH /api/v1/application_token/{token_id} description", "PATCH /api/v1/endpoint/{endpoint_id} name",
	"PATCH /api/v1/endpoint/{endpoint_id} tags", "PATCH /api/v1/user/{user_id} name", "PATCH /api/v2/endpoint/multi [].name",
	"PATCH /api/v2/endpoint/multi [].tags", "PATCH /api/v1/sim/{sim_id} reason", "PATCH /api/v1/sim/{sim_id} reference", "PATCH /operator/v1/user/{user_id} name", "PATCH /operator/v1/workspace/{workspace_id} name",
	"POST /api/v1/application_token description", "POST /api/v1/endpoint name", "POST /api/v1/endpoint tags",
	"POST /api/v1/receiving_code description", "POST /api/v1/migration_request reason", "POST /api/v1/migration_request reference", "POST /api/v1/migration_job reason", "POST /api/v1/migration_job reference", "POST /api/v1/sim_status_job reason",
	"POST /api/v1/sim_status_job reference", "POST /api/v1/user name",
	"POST /api/v2/endpoint/multi endpoints[].name", "POST /api/v2/endpoint/multi endpoints[].tags",
	"POST /api/v2/user/invitation name", "POST /operator/v1/application_token description", "POST /operator/v1/user name",
	"POST /operator/v1/workspace name",
}

// neverShown are texts that are never shown: of most a hash is stored or compared, and the
// description of a status is ignored.
var neverShown = map[string]bool{
	"POST /api/v1/authenticate fingerprint": true, "PUT /operator/v1/user/{user_id}/password password": true,
	"PATCH /api/v1/sim_batch/bic/{bic} description": true,
}

// textPlace is one place of one operation that takes text.
type textPlace struct {
	probe
	operator bool
}

func textPlaces(t *testing.T, known map[string]string) (list []textPlace) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		for _, place := range o.Texts() {
			p := probe{pattern: r.Pattern, place: place, body: bodiesOf[r.Pattern+" "+place]}
			p.path = strings.ReplaceAll(p.pathOf(known), "{id}", "1")
			if p.body == "" {
				p.body = withPlace(t, fresh(accesses[r.Pattern].body), place)
			}
			list = append(list, textPlace{probe: p})
		}
	}
	for _, o := range contract.OperatorOperations() {
		for pattern := range kit.OperatorRequests {
			if o.Pattern() != contract.Shape(pattern) {
				continue
			}
			for _, place := range o.Texts() {
				p := probe{pattern: pattern, place: place, path: kit.OperatorRequests[pattern].Path, body: bodiesOf[pattern+" "+place]}
				if p.body == "" {
					p.body = withPlace(t, kit.OperatorRequests[pattern].Body, place)
				}
				list = append(list, textPlace{p, true})
			}
		}
	}
	return list
}

func hasHidden(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r > 0x7f && unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Variation_Selector)
	})
}

// No operation of either API accepts a text with a hidden character where it would be stored
// or shown. The places come from the documents: a new one is tried without a change here.
func TestHiddenCharactersAreRefused(t *testing.T) {
	s, known := probed(t, kit.SQLite)
	op := s.Operator()
	var keeps []string
	for i, p := range textPlaces(t, known) {
		s.Clock.Advance(beyond)
		s.SignOut()
		caller := func(n int) *kit.Client {
			if p.operator {
				return op
			}
			return s.As("admin@example.com").With("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", i, n))
		}
		what := p.pattern + " " + p.place
		for n, text := range hiddenTexts {
			sent, err := json.Marshal(text)
			mustNot(t, err)
			got := p.ask(caller(n), string(sent))
			if got.Status < 400 && !neverShown[what] || got.Status >= 500 {
				t.Errorf("%s: %q is answered %d: %.200s", what, text, got.Status, got.Body)
			}
			if strings.ContainsFunc(string(got.Body), func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) }) {
				t.Errorf("%s: the answer to %q contains it: %s", what, text, got.Body)
			}
		}
		plain := fmt.Sprintf("Zoë 測試 %d", i)
		got := p.ask(caller(len(hiddenTexts)), fmt.Sprintf("%q", plain))
		for table, rows := range s.Dump() {
			all := strings.Join(rows, "\n")
			if strings.Contains(all, plain) && table != "mails" && !slices.Contains(keeps, what) {
				keeps = append(keeps, what)
			}
			if table == "auth_counters" { // attempts with unknown names are counted, and never shown
				continue
			}
			if hasHidden(all) || strings.Contains(all, `\u202e`) || strings.Contains(all, `\x1b`) {
				t.Fatalf("%s: a hidden character is stored in %s", what, table)
			}
		}
		if got.Status == http.StatusInternalServerError {
			t.Errorf("%s: %s", what, got.Body)
		}
	}
	slices.Sort(keeps)
	slices.Sort(keepsText)
	if !slices.Equal(keeps, keepsText) {
		t.Errorf("places that keep a text:\n%s\nwant\n%s", strings.Join(keeps, "\n"), strings.Join(keepsText, "\n"))
	}
}

// TestLongTextsAreRefused sends a text of 100,000 characters to every place of both APIs that takes
// one: it is never stored. A Workspace with such a name would have bearer tokens that fit into no
// header.
func TestLongTextsAreRefused(t *testing.T) {
	s, known := probed(t, kit.SQLite)
	op := s.Operator()
	long := strings.Repeat("long", 25_000)
	for i, p := range textPlaces(t, known) {
		s.Clock.Advance(beyond)
		s.SignOut()
		c := op
		if !p.operator {
			c = s.As("admin@example.com").With("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		}
		text := long
		if strings.HasSuffix(p.place, "username") {
			text += "@example.com"
		}
		got := p.ask(c, fmt.Sprintf("%q", text))
		if what := p.pattern + " " + p.place; got.Status < 400 && !neverShown[what] || got.Status >= 500 {
			t.Errorf("%s: %d", what, got.Status)
		}
	}
	for table, rows := range s.Dump() {
		if strings.Contains(strings.Join(rows, "\n"), long[:2000]) {
			t.Errorf("a long text is stored in %s", table)
		}
	}
}
