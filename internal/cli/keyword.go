package cli

import (
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

// keyword is an entry of a closed list by the world file's spelling, a pflag.Value.
type keyword[T ~int8] struct {
	list []fleet.Named[T]
	id   T
}

func newKeyword[T ~int8](list []fleet.Named[T], preset T) *keyword[T] {
	return &keyword[T]{list, preset}
}

func (k *keyword[T]) String() string { return word(k.list, k.id) }
func (k *keyword[T]) Type() string   { return "word" }
func (k *keyword[T]) Set(s string) error {
	id, ok := fleet.ByKeyword(k.list, s)
	if !ok {
		return fmt.Errorf("must be one of %s", fleet.Keywords(k.list))
	}
	k.id = id
	return nil
}
