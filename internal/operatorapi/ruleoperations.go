package operatorapi

import (
	"context"
	"encoding/json"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operator"
)

func nothing(*request) (struct{}, error) { return struct{}{}, nil }

func readRules(o rules, ctx context.Context, _ struct{}) ([]fleet.Rule, error) { //nolint:revive // the order of a method expression of rules
	return o.Rules(ctx)
}

func ruleHistory(o rules, ctx context.Context, _ struct{}) ([]operator.RuleVersion, error) { //nolint:revive // the order of a method expression of rules
	return o.RuleHistory(ctx)
}

func ruleBodies(list []fleet.Rule) []wire.MigrationRule {
	out := make([]wire.MigrationRule, len(list))
	for i, r := range list {
		out[i] = httpx.RuleBody(r)
	}
	return out
}

func historyBodies(list []operator.RuleVersion) []wire.RuleVersion {
	out := make([]wire.RuleVersion, len(list))
	for i, v := range list {
		out[i] = wire.RuleVersion{Version: v.Version, At: wire.NewTime(v.At), Rules: json.RawMessage(v.Rules)}
	}
	return out
}

func newRules(r *request) (list []fleet.Rule, canonical any, err error) {
	var body wire.NewRules
	if err := r.Decode(&body); err != nil {
		return nil, nil, err
	}
	if body.Rules == nil {
		return nil, nil, fleet.Invalid("rules", "it is required; an empty list removes every rule")
	}
	list, err = fleet.CheckRules(0, body.Rules)
	return list, body, err
}
