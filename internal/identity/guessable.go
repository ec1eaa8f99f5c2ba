package identity

import "strings"

// common holds the most frequent leaked passwords that are long enough.
var common = []string{
	"", "password", "password1", "password12", "password123", "password1234", "passw0rd", "p@ssw0rd", "p@ssword", "12345678", "123456789",
	"1234567890", "0123456789", "01234567", "87654321", "987654321", "11111111", "00000000", "88888888", "12341234", "123123123", "11223344",
	"qwertyui", "qwertyuiop", "qwerty12", "qwerty123", "qwerty1234", "qwertz123", "qwertzui", "qwertzuiop", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx",
	"zaq12wsx", "q1w2e3r4", "asdfghjk", "asdfghjkl", "abcd1234", "abc12345", "a1b2c3d4", "aa123456", "iloveyou", "sunshine", "princess",
	"football", "baseball", "superman", "trustno1", "letmein1", "welcome1", "welcome123", "changeme", "changeme1", "changeme123", "changeit",
	"administrator", "admin123", "admin1234", "admin12345", "adminadmin", "rootroot", "testtest", "test1234", "testing123", "default1", "secret123",
	"mypassword", "passwort", "passwort1", "passwort123", "master123", "dragon123", "monkey123", "computer", "internet", "whatever", "starwars",
	"michelle", "jennifer", "corvette", "mercedes", "midnight", "simferry", "simferry1", "simferry123",
}

var commonDigests = func() map[string]bool {
	set := make(map[string]bool, 3*len(common))
	for _, p := range common {
		for _, spelled := range []string{p, strings.ToUpper(p), capitalized(p), capitalized(p) + "!"} {
			set[WireDigest(spelled)] = true
		}
	}
	return set
}()

func capitalized(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Guessable reports whether a password, given its digest, is easily guessed: a common one, or
// one of the given words, such as the user's name. A digest shows nothing else, not even the
// length.
func Guessable(digest string, words ...string) bool {
	if commonDigests[digest] {
		return true
	}
	for _, w := range words {
		local, _, _ := strings.Cut(w, "@")
		for _, spelled := range []string{w, strings.ToLower(w), local, strings.ToLower(local)} {
			if WireDigest(spelled) == digest {
				return true
			}
		}
	}
	return false
}
