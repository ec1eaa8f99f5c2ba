package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/cli/atomicfile"
)

// Profile is a session with one server. It has either an application token or a user's
// tokens.
type Profile struct {
	Server           string    `json:"server"`
	Username         string    `json:"username,omitempty"`
	Bearer           string    `json:"auth_token,omitempty"`
	RenewAt          time.Time `json:"renew_at,omitzero"` // of the bearer, by this machine's clock
	RefreshToken     string    `json:"refresh_token,omitempty"`
	Previous         string    `json:"previous_refresh_token,omitempty"` // the one before RefreshToken
	ApplicationToken string    `json:"application_token,omitempty"`
	CAFile           string    `json:"ca_file,omitempty"` // certificates of its server, "" for the system's
	SkipVerify       bool      `json:"insecure_skip_verify,omitempty"`
}

// Default is the name of the profile that is used unless one is named.
const Default = "default"

// ErrNone means that the profile does not exist.
var ErrNone = errors.New("not signed in")

// Store is a folder of profiles.
type Store struct{ Dir string }

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName refuses names that cannot be file names.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q is not a valid profile name: use letters, digits, dots, dashes and underscores", name)
	}
	return nil
}

func (s Store) file(name string) string { return filepath.Join(s.Dir, name+".json") }

// Load reads a profile. It refuses one that others may read: its tokens may be known.
func (s Store) Load(name string) (Profile, error) {
	if err := CheckName(name); err != nil {
		return Profile{}, err
	}
	file := s.file(name)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Profile{}, fmt.Errorf("profile %s: %w: run 'simferry login'", name, ErrNone)
	}
	if err != nil {
		return Profile{}, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return Profile{}, fmt.Errorf("%s holds the tokens of a session, and others may read or change it (mode %04o): sign in again; "+
			"or, if no one can have read it, run chmod 600 %s", file, mode, file)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the name is checked
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	if json.Unmarshal(text, &p) != nil || p.Server == "" { // its error would quote the tokens
		return Profile{}, fmt.Errorf("%s is damaged: run 'simferry login'", file)
	}
	return p, nil
}

// Save replaces a profile atomically. It is on disk when Save returns.
func (s Store) Save(name string, p Profile) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(p, "", "  ") //nolint:gosec // the file is there to keep them
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(s.file(name), append(text, '\n'))
}

// Remove deletes a profile. A missing one is not an error.
func (s Store) Remove(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	for _, file := range []string{s.file(name), s.lock(name)} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Names lists the profiles, by name.
func (s Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && nameForm.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

func (s Store) lock(name string) string { return filepath.Join(s.Dir, name+".lock") }
