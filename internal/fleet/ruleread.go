package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of the rules of one owner.
const (
	MaxRules        = 100
	maxRuleCases    = 20
	maxRuleValues   = 500
	maxRuleID       = 40
	maxRuleText     = 500
	maxApprovers    = 5
	maxRuleSIMs     = 1_000_000_000
	maxRuleDays     = 36500
	reservedRuleIDs = "BR-" // of rules that come with the program
)

// ReadRules reads the stored rules of an owner; 0 is the installation. A rule that this version
// cannot read, such as one with a condition of a later version, is Broken, and refuses.
func ReadRules(owner WorkspaceID, text []byte) []Rule {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return []Rule{{ID: "rules", Workspace: owner, Effect: RuleRefuse, Broken: "the stored rules are damaged"}}
	}
	rules := make([]Rule, len(list))
	for i, raw := range list {
		rules[i] = readRule(owner, raw)
	}
	return rules
}

func readRule(owner WorkspaceID, raw json.RawMessage) Rule {
	var r Rule
	err := strict(raw, &r)
	if err == nil {
		err = r.check(owner)
	}
	if err == nil {
		r.Workspace = owner
		return r
	}
	var known struct {
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}
	_ = json.Unmarshal(raw, &known) // the rule is named as far as possible
	return Rule{ID: Clip(known.ID), Version: known.Version, Workspace: owner, Effect: RuleRefuse, Broken: err.Error()}
}

// strict decodes one JSON value, without unknown members.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return plainJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the JSON value")
	}
	return nil
}

// plainJSON rewrites an error of encoding/json for the author of a rule.
func plainJSON(err error) error {
	var kind *json.UnmarshalTypeError
	var instant *time.ParseError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return errors.New("it must be " + wantedJSON(kind.Type.Kind()))
	case errors.As(err, &kind):
		return fmt.Errorf("%s: it must be %s", kind.Field, wantedJSON(kind.Type.Kind()))
	case errors.As(err, &instant):
		return fmt.Errorf("%q is not a time: write valid_from and valid_to as in \"2027-01-31T00:00:00Z\"", Clip(strings.Trim(instant.Value, `"`)))
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not valid JSON: error at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is not valid JSON: it ends too early")
	}
	return errors.New(strings.Replace(strings.TrimPrefix(err.Error(), "json: "), "unknown field", "unknown property or condition", 1))
}

// wantedJSON names the JSON value that is decoded into a kind of Go value.
func wantedJSON(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "text, in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list, in [ ]"
	case reflect.Struct, reflect.Map:
		return "an object, in { }"
	default:
		return "a whole number"
	}
}

// repeatedProperty returns a property that an object of the text has twice. encoding/json would
// take the last and drop the others.
func repeatedProperty(text []byte) (name string, found bool) {
	type object struct {
		seen map[string]bool // nil for a list
		key  bool            // a name comes next
	}
	var open []*object
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		tok, err := d.Token()
		if err != nil {
			return "", false
		}
		var in *object
		if len(open) > 0 {
			in = open[len(open)-1]
		}
		switch delim, isDelim := tok.(json.Delim); {
		case isDelim && (delim == '}' || delim == ']'):
			open = open[:len(open)-1]
			continue
		case in != nil && in.key:
			if name, in.key = fmt.Sprint(tok), false; in.seen[name] {
				return name, true
			}
			in.seen[name] = true
			continue
		case isDelim && delim == '{':
			open = append(open, &object{map[string]bool{}, true})
		case isDelim:
			open = append(open, &object{})
		}
		if in != nil {
			in.key = in.seen != nil // a value has been read
		}
	}
}

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

// condition is a property of RuleCase: how it is checked, and what it says.
type condition struct {
	name  string
	check func(c *RuleCase) error
	words func(c *RuleCase) string // "" if it is absent
}

// conditions are all properties of RuleCase, in its order.
var conditions = slices.Concat(
	listed("source_country", "the source is in", isCountry, asText, func(c *RuleCase) ([]string, []string) { return c.SourceCountry, c.SourceCountryNot }),
	listed("target_country", "the target is in", isCountry, asText, func(c *RuleCase) ([]string, []string) { return c.TargetCountry, c.TargetCountryNot }),
	flagged("same_country", "both Workspaces are in the same country", "the Workspaces are in different countries", func(c *RuleCase) *bool { return c.SameCountry }),
	listed("source_type", "the source has the type", WorkspaceType.Known, WorkspaceType.String, func(c *RuleCase) ([]WorkspaceType, []WorkspaceType) { return c.SourceType, c.SourceTypeNot }),
	listed("target_type", "the target has the type", WorkspaceType.Known, WorkspaceType.String, func(c *RuleCase) ([]WorkspaceType, []WorkspaceType) { return c.TargetType, c.TargetTypeNot }),
	listed("source_workspace", "the source is the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.SourceWorkspace, c.SourceWorkspaceNot }),
	listed("target_workspace", "the target is the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.TargetWorkspace, c.TargetWorkspaceNot }),
	listed("status", "the SIM is", SIMStatus.Known, SIMStatus.String, func(c *RuleCase) ([]SIMStatus, []SIMStatus) { return c.Status, c.StatusNot }),
	listed("model", "the SIM has the model", positive, asNumber, func(c *RuleCase) ([]ModelID, []ModelID) { return c.Model, c.ModelNot }),
	listed("issuer", "the SIM was issued by the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.Issuer, c.IssuerNot }),
	listed("batch", "the SIM is of the batch", isBatch, asText, func(c *RuleCase) ([]string, []string) { return c.Batch, c.BatchNot }),
	numbered("moved_within_days", "the SIM was moved within %s days", 1, maxRuleDays, func(c *RuleCase) *int { return c.MovedWithinDays }),
	numbered("request_above", "the request has more than %s SIMs", 0, maxRuleSIMs, func(c *RuleCase) *int { return c.RequestAbove }),
	numbered("day_above", "more than %s SIMs would leave the source on that day", 0, maxRuleSIMs, func(c *RuleCase) *int { return c.DayAbove }),
	flagged("attached", "the SIM is in a device", "the SIM is not in a device", func(c *RuleCase) *bool { return c.Attached }),
)

func isCountry(code string) bool { _, known := CountryByISO(code); return known }

func isBatch(code string) bool {
	return code != "" && utf8.RuneCountInString(code) <= maxRuleText && CheckText(code) == nil
}

func positive[T ~int64](id T) bool { return id > 0 }

func asText(s string) string { return s }

func asNumber[T ~int64](id T) string { return fmt.Sprint(int64(id)) }

// listed returns a pair of conditions: in a list, and not in a list.
func listed[T any](name, words string, valid func(T) bool, show func(T) string, of func(*RuleCase) (in, notIn []T)) []condition {
	one := func(name string, get func(*RuleCase) []T, word func(string) string) condition {
		return condition{name, func(c *RuleCase) error { return checkValues(get(c), valid) }, func(c *RuleCase) string {
			list := get(c)
			if list == nil {
				return ""
			}
			shown := make([]string, len(list))
			for i, v := range list {
				shown[i] = show(v)
			}
			return word(strings.Join(shown, ", "))
		}}
	}
	return []condition{
		one(name, func(c *RuleCase) []T { in, _ := of(c); return in }, func(list string) string { return words + " " + orList(list) }),
		one(name+"_not", func(c *RuleCase) []T { _, notIn := of(c); return notIn }, func(list string) string {
			return negated(words) + " " + orList(list)
		}),
	}
}

func checkValues[T any](list []T, valid func(T) bool) error {
	switch {
	case list == nil:
		return nil
	case len(list) == 0:
		return errors.New("the list is empty: leave the condition out, or name values")
	case len(list) > maxRuleValues:
		return fmt.Errorf("it has %d values; at most %d are allowed", len(list), maxRuleValues)
	}
	for _, v := range list {
		if !valid(v) {
			return fmt.Errorf("%v is not a valid value", v)
		}
	}
	return nil
}

// orList turns "a, b, c" into "a, b or c".
func orList(list string) string {
	if i := strings.LastIndex(list, ", "); i >= 0 {
		return list[:i] + " or" + list[i+1:]
	}
	return list
}

// negated returns the words of the opposite condition.
func negated(words string) string {
	for _, verb := range []string{" is", " was", " has"} {
		if before, after, found := strings.Cut(words, verb); found {
			if verb == " has" {
				return before + " does not have" + after
			}
			return before + verb + " not" + after
		}
	}
	return "not: " + words
}

func flagged(name, isTrue, isFalse string, of func(*RuleCase) *bool) []condition {
	return []condition{{name, func(*RuleCase) error { return nil }, func(c *RuleCase) string {
		switch v := of(c); {
		case v == nil:
			return ""
		case *v:
			return isTrue
		}
		return isFalse
	}}}
}

func numbered(name, words string, least, most int, of func(*RuleCase) *int) []condition {
	return []condition{{name, func(c *RuleCase) error {
		if v := of(c); v != nil && (*v < least || *v > most) {
			return fmt.Errorf("it must be %d to %d", least, most)
		}
		return nil
	}, func(c *RuleCase) string {
		if v := of(c); v != nil {
			return fmt.Sprintf(words, fmt.Sprint(*v))
		}
		return ""
	}}}
}

// Words describes when a rule applies and what it does, as one sentence.
func (r *Rule) Words() string {
	if r.Broken != "" {
		return "Refuses every SIM, because the rule cannot be read: " + r.Broken
	}
	does := map[RuleEffect]string{RuleRefuse: "Refuses", RuleApproval: "Requires approval for", RuleWarn: "Warns about"}[r.Effect]
	cases := make([]string, len(r.When))
	for i := range r.When {
		cases[i] = r.When[i].words()
	}
	words := does + " a SIM if " + strings.Join(cases, ", or if ")
	if r.Needed() > 1 {
		words += fmt.Sprintf("; %d Administrators must approve", r.Needed())
	}
	return words
}

func (c *RuleCase) words() string {
	var parts []string
	for _, f := range conditions {
		if words := f.words(c); words != "" {
			parts = append(parts, words)
		}
	}
	if len(parts) == 0 {
		return "it moves"
	}
	return strings.Join(parts, " and ")
}

// NextRules returns the rules of an owner as they are stored in a new version: a rule that has not
// changed keeps its version.
func NextRules(before, after []Rule, version int64) []Rule {
	next := slices.Clone(after)
	for i := range next {
		next[i].Version = version
		for j := range before {
			old := before[j]
			if next[i].Version = old.Version; old.Broken == "" && sameRule(old, next[i]) {
				break
			}
			next[i].Version = version
		}
	}
	return next
}

func sameRule(a, b Rule) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Of returns the rules of one owner; 0 is the installation.
func (s *RuleSet) Of(owner WorkspaceID) []Rule {
	var list []Rule
	for _, r := range s.Rules {
		if r.Workspace == owner {
			list = append(list, r)
		}
	}
	return list
}
