package config

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"
)

const configFlag, configEnv = "config", "SIMFERRY_CONFIG"

// source is the origin of a value; a greater one has precedence.
type source int

const (
	fromDefault source = iota
	fromFile
	fromEnv
	fromFlag
)

// Flags declares --config and a flag for each setting, or only for the given keys, so that a
// command shows what it uses. A file may still contain any setting.
func Flags(fs *pflag.FlagSet, keys ...string) {
	fs.String(configFlag, "", "YAML file with settings (also "+configEnv+")")
	shown := Default()
	for _, s := range settings {
		if len(keys) == 0 || slices.Contains(keys, s.key) {
			fs.Var(s.value(&shown), s.flag(), s.help())
		}
	}
}

// Load returns the validated configuration from flags, environment and file. Call it after fs
// has been parsed; lookup is os.LookupEnv outside tests. Errors name the setting, and for the
// file the line.
//
// An empty variable counts as absent, as in most programs. Unknown SIMFERRY_ variables are
// ignored: a cluster that has a service of this name sets several.
func Load(fs *pflag.FlagSet, lookup func(string) (string, bool)) (Config, error) {
	l := loader{config: Default(), origin: make(map[string]source)}
	if err := l.file(fileName(fs, lookup)); err != nil {
		return Config{}, err
	}
	if err := l.environment(lookup); err != nil {
		return Config{}, err
	}
	if err := l.flags(fs); err != nil {
		return Config{}, err
	}
	if err := l.database(); err != nil {
		return Config{}, err
	}
	return l.config, l.config.Validate()
}

func fileName(fs *pflag.FlagSet, lookup func(string) (string, bool)) string {
	if f := fs.Lookup(configFlag); f != nil && f.Changed {
		return f.Value.String()
	}
	name, _ := lookup(configEnv)
	return name
}

// loader applies one source after the other and remembers the source of each setting.
type loader struct {
	config Config
	origin map[string]source
}

func (l *loader) set(s setting, value string, from source) error {
	if err := s.value(&l.config).Set(value); err != nil {
		return err
	}
	l.origin[s.key] = from
	return nil
}

func (l *loader) environment(lookup func(string) (string, bool)) error {
	for _, s := range settings {
		value, _ := lookup(s.env())
		if value == "" {
			continue
		}
		if err := l.set(s, value, fromEnv); err != nil {
			return fmt.Errorf("%s: %w", s.env(), err)
		}
	}
	return nil
}

// flags copies the flags that were set. It reads the text from the flag's own Config, except
// for the database, whose text form has no password.
func (l *loader) flags(fs *pflag.FlagSet) error {
	for _, s := range settings {
		f := fs.Lookup(s.flag())
		if f == nil || !f.Changed {
			continue
		}
		if err := l.set(s, plain(f.Value), fromFlag); err != nil {
			return fmt.Errorf("--%s: %w", s.flag(), err)
		}
	}
	return nil
}

func plain(v pflag.Value) string {
	if u, ok := v.(*databaseURL); ok {
		return string(*u)
	}
	return v.String()
}

// database reads the URL from its file if the configuration names one. If the URL and the file
// are set in the same source, Load fails; otherwise the source with precedence wins.
func (l *loader) database() error {
	file, direct := l.origin["database_file"], l.origin["database"]
	switch {
	case l.config.DatabaseFile == "" || file < direct:
		return nil
	case file == direct:
		return fmt.Errorf("%s and %s are both set: keep one", cite("database"), cite("database_file"))
	}
	u, err := readDatabaseFile(l.config.DatabaseFile)
	l.config.Database = u
	return err
}
