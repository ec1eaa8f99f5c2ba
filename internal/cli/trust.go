package cli

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/cli/profile"
)

// trust is which certificates of servers a command accepts.
type trust struct {
	file     string // PEM certificates, "" for only those of the system
	insecure bool   // accepts any certificate
}

// trustFlags declares the flags of every command that is a client.
func (p Process) trustFlags(cmd *cobra.Command) {
	if cmd.Flags().Lookup("ca-file") != nil {
		return
	}
	cmd.Flags().StringVar(&p.trust.file, "ca-file", "", "PEM file of certificate authorities to trust in addition to the system's; login stores it in the profile")
	cmd.Flags().BoolVar(&p.trust.insecure, "insecure-skip-verify", false, "do not check the server's certificate: an attacker on the network can read and change everything; login stores it in the profile")
	cmd.MarkFlagsMutuallyExclusive("ca-file", "insecure-skip-verify")
}

// orStored returns the flags, or what the profile stores if no flag is set.
func (t trust) orStored(known profile.Profile) trust {
	if t == (trust{}) {
		return trust{known.CAFile, known.SkipVerify}
	}
	return t
}

// absolute makes the name of the file absolute, so that a profile can store it.
func (t trust) absolute() (trust, error) {
	if t.file == "" {
		return t, nil
	}
	file, err := filepath.Abs(t.file)
	return trust{file, t.insecure}, err
}

func (t trust) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.insecure} //nolint:gosec // only with --insecure-skip-verify
	if t.file == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.file)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	if c.RootCAs, err = x509.SystemCertPool(); err != nil {
		c.RootCAs = x509.NewCertPool()
	}
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca-file: %s has no certificate in PEM (-----BEGIN CERTIFICATE-----)", t.file)
	}
	return c, nil
}
