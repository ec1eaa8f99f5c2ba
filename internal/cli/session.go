package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/profile"
)

const (
	homeEnv    = "SIMFERRY_HOME"
	profileEnv = "SIMFERRY_PROFILE"
	serverEnv  = "SIMFERRY_SERVER"
)

// home returns the folder of the command line's own files: profiles and runs.
func (p Process) home() (string, error) {
	if dir, _ := p.LookupEnv(homeEnv); dir != "" {
		return dir, nil
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "simferry"), err
}

func (p Process) profiles() (profile.Store, error) {
	home, err := p.home()
	return profile.Store{Dir: filepath.Join(home, "profiles")}, err
}

// profileFlag names the session that a command works in.
func profileFlag(cmd *cobra.Command, p Process) *string {
	p.trustFlags(cmd)
	name := profile.Default
	if fromEnv, _ := p.LookupEnv(profileEnv); fromEnv != "" {
		name = fromEnv
	}
	flag := cmd.Flags().String("profile", name, "profile of the session to use (also "+profileEnv+")")
	_ = cmd.RegisterFlagCompletionFunc("profile", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		store, err := p.profiles()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		names, _ := store.Names()
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return flag
}

// answerTime bounds one attempt. The answer to 500 SIMs takes well under a second.
const answerTime = time.Minute

// clientOptions returns those of every client here. keep is how many connections are kept.
func clientOptions(keep int, t trust) ([]client.Option, error) {
	certificates, err := t.config()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: certificates, Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: keep, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	return []client.Option{
		client.WithHTTPClient(&http.Client{Timeout: answerTime, Transport: transport}),
		client.WithUserAgent("simferry/" + version()),
	}, nil
}

// reportWait is the shortest wait that is reported.
const reportWait = 2 * time.Second

// connect returns the client of a profile.
func (p Process) connect(name string, opts ...client.Option) (*client.Client, profile.Profile, error) {
	store, err := p.profiles()
	if err != nil {
		return nil, profile.Profile{}, err
	}
	known, err := store.Load(name)
	if err != nil {
		return nil, known, err
	}
	const connections = 16
	session := &profile.Session{Store: store, Name: name, Clock: client.SystemClock{}}
	patient := client.DefaultRetry
	patient.Waiting = func(wait time.Duration, why error) {
		if wait >= reportWait {
			_, _ = printf(p.Stderr, "%v; trying again in %s\n", why, seconds(wait))
		}
	}
	common, err := clientOptions(connections, p.trust.orStored(known))
	if err != nil {
		return nil, known, err
	}
	c, err := session.Client(slices.Concat(common, []client.Option{client.WithRetry(patient)}, opts)...)
	return c, known, err
}
