package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
)

// unreachedError is the error of a request that got no response: it names the server, says what
// is wrong in plain words, and what to do.
type unreachedError struct {
	server, reason, cure string
	err                  error
}

func (e *unreachedError) Error() string {
	return fmt.Sprintf("cannot reach the server at %s: %s. %s.", e.server, e.reason, e.cure)
}
func (e *unreachedError) Unwrap() error { return e.err }

// unreached replaces an error of the connection to a server. Other errors stay as they are.
func unreached(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return err
	}
	at, parseErr := url.Parse(failed.URL)
	if parseErr != nil {
		return err
	}
	u := &unreachedError{server: at.Scheme + "://" + at.Host, err: err}
	u.reason, u.cure = reasonOf(failed)
	return u
}

// reasonOf says why a connection failed, and what to do about it.
func reasonOf(err error) (reason, cure string) {
	checkAddress := "Check the address (--server) and that the server is running"
	if reason := certificateFault(err); reason != "" {
		return reason, "Trust its authority with --ca-file FILE, or check the address (--server)"
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok && name.IsNotFound {
		return "there is no host " + name.Name, checkAddress
	}
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	if noTLS || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") { // net/http has no type for it
		return "it does not speak TLS", "Use http:// if it is meant to have no TLS, or check the port"
	}
	timed, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused", checkAddress
	case ok && timed.Timeout():
		return "it did not respond in time", checkAddress
	}
	if inner, ok := errors.AsType[*net.OpError](err); ok {
		err = inner.Err
	} else if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return err.Error(), checkAddress
}

// certificateFault returns why the certificate of a server is refused, "" if it is not.
func certificateFault(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is signed by an authority that is not trusted"
	}
	if name, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is not valid for the name " + name.Host
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "its certificate is not valid: " + invalid.Error()
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate cannot be verified"
	}
	return ""
}
