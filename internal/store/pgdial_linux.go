package store

import (
	"strings"
	"syscall"
)

const tcpUserTimeoutOption = 18 // TCP_USER_TIMEOUT, which package syscall does not have

// limitUnacknowledged makes the kernel close a connection whose peer acknowledges nothing.
func limitUnacknowledged(network, _ string, conn syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeoutOption, int(tcpUserTimeout.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
