package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
)

// socketMode lets the group of the server connect, which is that of the proxy.
const socketMode = 0o660

// openListener opens the listener of an address: host:port, or unix:PATH.
func openListener(ctx context.Context, address string) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(address, "unix:")
	if !isSocket {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return socket{l}, nil
}

// removeStale removes the socket of a server that was killed. It does not remove that of a running
// server, or any other file.
func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is not a socket: choose another path, or remove the file", path)
	}
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path); err == nil {
		return errors.Join(fmt.Errorf("%s is in use by another server: stop it, or choose another path", path), conn.Close())
	}
	return os.Remove(path)
}

// socket is a listener on a Unix socket. Its connections have no address, and count as those of
// 127.0.0.1, so that trusted_proxies can name the proxy.
type socket struct{ net.Listener }

func (s socket) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return local{conn}, nil
}

type local struct{ net.Conn }

// RemoteAddr returns the address that the connection counts for.
func (local) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
