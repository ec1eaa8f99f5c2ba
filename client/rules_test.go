package client_test

import (
	"encoding/json"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// A change of rules with the ETag of older ones changes nothing.
func TestRulesAreNotOverwritten(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	read, err := c.Rules(ctx)
	if err != nil || len(read.List) != 1 || read.ETag == "" {
		t.Fatalf("%+v %v", read, err)
	}
	change := api.NewRules{Rules: []json.RawMessage{json.RawMessage(`{"id": "W-1", "effect": "warn", "message": "m", "when": [{}]}`)}}
	own, err := c.SetRules(ctx, change, client.IfMatch(read.ETag))
	if err != nil || len(own.List) != 1 || own.List[0].ID != "W-1" {
		t.Fatalf("%+v %v", own, err)
	}
	if _, err := c.SetRules(ctx, api.NewRules{Rules: []json.RawMessage{}}, client.IfMatch(read.ETag)); !client.IsStale(err) {
		t.Errorf("an outdated change: %v", err)
	}
	if now, err := c.Rules(ctx); err != nil || len(now.List) != 2 || now.ETag != own.ETag {
		t.Errorf("%+v %v", now, err)
	}
}
