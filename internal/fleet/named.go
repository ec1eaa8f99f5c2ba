package fleet

import (
	"strconv"
	"strings"
)

// Named is one entry of a closed list: its id on the wire and its name.
type Named[T ~int8] struct {
	ID   T
	Name string
	Word string // the world file's spelling, if it is not the name in lower case
}

// Keyword returns the name as the world file spells it: lower case, underscores.
func (n Named[T]) Keyword() string {
	if n.Word != "" {
		return n.Word
	}
	return strings.ReplaceAll(strings.ToLower(n.Name), " ", "_")
}

// NameOf returns the wire name of an id; an unknown id is its number.
func NameOf[T ~int8](list []Named[T], id T) string {
	for _, n := range list {
		if n.ID == id {
			return n.Name
		}
	}
	return strconv.Itoa(int(id))
}

func known[T ~int8](list []Named[T], id T) bool {
	for _, n := range list {
		if n.ID == id {
			return true
		}
	}
	return false
}

// ByKeyword finds an entry by the world file's spelling; ok is false if there is none.
func ByKeyword[T ~int8](list []Named[T], word string) (id T, ok bool) {
	for _, n := range list {
		if n.Keyword() == word {
			return n.ID, true
		}
	}
	return 0, false
}

// Keywords lists the world file's spellings, for error messages.
func Keywords[T ~int8](list []Named[T]) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = n.Keyword()
	}
	return strings.Join(words, ", ")
}
