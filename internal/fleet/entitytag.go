package fleet

import (
	"slices"
	"strings"
)

// EntityTags are the entity tags of an If-Match header.
type EntityTags struct {
	Any    bool     // the header is "*", which matches anything that exists
	quoted []string // without the mark of weak ones
}

// ParseEntityTags parses the value of If-Match: "*", or a list of entity tags. A weak tag is like a
// strong one, because proxies that compress a response mark its tag as weak. Error: BadRequest.
func ParseEntityTags(header string) (t EntityTags, err error) {
	rest := strings.TrimSpace(header)
	if rest == "*" {
		return EntityTags{Any: true}, nil
	}
	for rest != "" {
		if rest[0] == ',' { // an empty element
			rest = strings.TrimSpace(rest[1:])
			continue
		}
		rest = strings.TrimPrefix(rest, "W/")
		if rest == "" || rest[0] != '"' {
			return EntityTags{}, errEntityTags()
		}
		end := strings.IndexByte(rest[1:], '"') + 1
		if end == 0 {
			return EntityTags{}, errEntityTags()
		}
		t.quoted, rest = append(t.quoted, rest[:end+1]), strings.TrimSpace(rest[end+1:])
		if rest != "" && rest[0] != ',' {
			return EntityTags{}, errEntityTags()
		}
	}
	if len(t.quoted) == 0 {
		return EntityTags{}, errEntityTags()
	}
	return t, nil
}

func errEntityTags() error {
	return Invalid("If-Match", "it must be entity tags in double quotes, with commas between them, or *")
}

// Match reports whether one of the tags equals the tag of an existing thing, as it is or with the
// suffix that a compressing proxy adds.
func (t EntityTags) Match(tag string) bool {
	return t.Any || slices.ContainsFunc(t.quoted, func(sent string) bool { return sent == tag || withoutCoding(sent) == tag })
}

// Previews are the previews that If-Match names: nil if there is no condition.
type Previews []*Preview

// ParsePreviews parses the value of If-Match of a migration or an undo. It returns nil for "*". The
// error is that of ParseEntityTags, or PreconditionStale if this release can have made none of the
// tags, so that they match nothing.
func ParsePreviews(header string) (list Previews, err error) {
	t, err := ParseEntityTags(header)
	if err != nil || t.Any {
		return nil, err
	}
	for _, quoted := range t.quoted {
		for _, text := range []string{quoted, withoutCoding(quoted)} {
			if v := exactPreview(text); v != nil {
				list = append(list, v)
				break
			}
		}
	}
	if len(list) == 0 {
		refusal := Errorf(PreconditionStale, "If-Match: this is not the ETag of a dry run of this server; repeat the dry run and send its ETag")
		refusal.Field = "If-Match"
		return nil, refusal
	}
	return list, nil
}

// Matches reports whether one of the previews is of this plan.
func (p Previews) Matches(plan *Plan) bool {
	return slices.ContainsFunc(p, func(v *Preview) bool { return v.Matches(plan) })
}

// MatchesUndo reports whether one of the previews is of this undo.
func (p Previews) MatchesUndo(plan *UndoPlan) bool {
	return slices.ContainsFunc(p, func(v *Preview) bool { return v.MatchesUndo(plan) })
}

// Of returns the first preview of a request that same recognizes, nil if there is none.
func (p Previews) Of(same func(*Preview) bool) *Preview {
	if i := slices.IndexFunc(p, same); i >= 0 {
		return p[i]
	}
	return nil
}
