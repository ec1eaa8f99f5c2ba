package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
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
