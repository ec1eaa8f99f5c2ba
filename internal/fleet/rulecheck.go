package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ParseRules reads the rules that an owner writes: a JSON object with the property rules. It
// returns a BadRequest error that names the rule and the property.
func ParseRules(owner WorkspaceID, text []byte) ([]Rule, error) {
	var body struct {
		Rules []json.RawMessage `json:"rules"`
	}
	if name, twice := repeatedProperty(text); twice {
		return nil, Invalid("rules", "an object has the property %q twice: remove one of the two", Clip(name))
	}
	if err := strict(text, &body); err != nil {
		return nil, Invalid("rules", "%s: send an object with the property rules", strings.TrimPrefix(err.Error(), "rules: "))
	}
	if body.Rules == nil {
		return nil, Invalid("rules", "it is required; an empty list removes every rule")
	}
	return CheckRules(owner, body.Rules)
}

// CheckRules reads a list of rules that an owner writes. The error is BadRequest.
func CheckRules(owner WorkspaceID, list []json.RawMessage) ([]Rule, error) {
	if len(list) > MaxRules {
		return nil, Invalid("rules", "there are %d; at most %d are allowed", len(list), MaxRules)
	}
	ids, codes := make(map[string]bool), make(map[ConflictCode]bool)
	rules := make([]Rule, len(list))
	for i, raw := range list {
		field := fmt.Sprintf("rules[%d]", i)
		if err := strict(raw, &rules[i]); err != nil {
			return nil, Invalid(field, "%v", err)
		}
		r := &rules[i]
		r.Workspace, r.Version = owner, 0
		if r.Code == 0 && r.Effect != RuleApproval {
			r.Code = RuleRefused
		}
		if r.Effect == RuleApproval {
			r.Code = ApprovalRequired
		}
		if err := r.check(owner); err != nil {
			return nil, Invalid(field, "%v", err)
		}
		if ids[strings.ToUpper(r.ID)] {
			return nil, Invalid(field+".id", "another rule has the id %s", r.ID)
		}
		if r.Effect == RuleRefuse && r.Code != RuleRefused && codes[r.Code] {
			return nil, Invalid(field+".code", "another rule has the code %d: choose one of %d to %d", r.Code, RuleRefused, LastRuleCode)
		}
		ids[strings.ToUpper(r.ID)], codes[r.Code] = true, true
	}
	return rules, nil
}

func (r *Rule) check(owner WorkspaceID) error {
	switch {
	case r.ID == "" || utf8.RuneCountInString(r.ID) > maxRuleID || strings.Trim(r.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
		return fmt.Errorf("id: it must have 1 to %d letters, digits, hyphens, underscores and full stops", maxRuleID)
	case owner != 0 && strings.HasPrefix(strings.ToUpper(r.ID), reservedRuleIDs):
		return fmt.Errorf("id: %s is reserved for the installation: choose another prefix", reservedRuleIDs)
	case !slices.Contains(RuleEffects, r.Effect):
		return fmt.Errorf("effect: %q is not an effect; known: refuse, require_approval, warn", Clip(string(r.Effect)))
	case len(r.When) == 0 || len(r.When) > maxRuleCases:
		return fmt.Errorf("when: it must have 1 to %d cases", maxRuleCases)
	}
	for _, check := range []func() error{r.checkTimes, r.checkApprovers, r.checkTexts, func() error { return r.checkCode(owner) }} {
		if err := check(); err != nil {
			return err
		}
	}
	for i := range r.When {
		if err := r.When[i].check(); err != nil {
			return fmt.Errorf("when[%d].%w", i, err)
		}
	}
	return nil
}

func (r *Rule) checkTimes() error {
	if !r.ValidTo.IsZero() && !r.ValidFrom.Before(r.ValidTo) {
		return errors.New("valid_to: it must be after valid_from")
	}
	return nil
}

func (r *Rule) checkApprovers() error {
	switch {
	case r.Approvers < 0 || r.Approvers > maxApprovers:
		return fmt.Errorf("approvers: it must be 1 to %d", maxApprovers)
	case r.Approvers > 0 && r.Effect != RuleApproval:
		return errors.New("approvers: only rules with the effect require_approval have it")
	}
	return nil
}

func (r *Rule) checkTexts() error {
	if strings.TrimSpace(r.Message) == "" {
		return errors.New("message: it is required: say why the SIMs may not move")
	}
	for _, f := range []struct{ name, text string }{{"message", r.Message}, {"citation", r.Citation}, {"cure", r.Cure}} {
		if utf8.RuneCountInString(f.text) > maxRuleText {
			return fmt.Errorf("%s: at most %d characters are allowed: shorten it", f.name, maxRuleText)
		}
		if err := CheckText(f.text); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (r *Rule) checkCode(owner WorkspaceID) error {
	switch {
	case r.Effect == RuleApproval && r.Code == ApprovalRequired:
		return nil
	case r.Effect != RuleApproval && r.Code >= RuleRefused && r.Code <= LastRuleCode:
		return nil
	case r.Effect == RuleRefuse && r.Code == BrazilianBorder && owner == 0:
		return nil
	}
	return fmt.Errorf("code: choose one of %d to %d, or leave it out", RuleRefused, LastRuleCode)
}

func (c *RuleCase) check() error {
	for _, f := range conditions {
		if err := f.check(c); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}
