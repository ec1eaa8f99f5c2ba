package e2e_test

import (
	"context"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simferry/simferry/client"
)

// enrol URL USERNAME PASSWORD VAR gives a user a second factor, and sets VAR to the next
// code, because a code can be used only once.
func enrol(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: enrol URL USERNAME PASSWORD VAR")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := client.New(args[0], client.WithPassword(args[1], args[2]))
	ts.Check(err)
	key, err := c.AddMFAKey(ctx, args[2])
	ts.Check(err)
	now := time.Now()
	code, err := totp.GenerateCode(key.SecretKey, now)
	ts.Check(err)
	ts.Check(c.ActivateMFAKey(ctx, key.ID, code))
	code, err = totp.GenerateCode(key.SecretKey, now.Add(30*time.Second)) // a step ahead, which is allowed
	ts.Check(err)
	ts.Setenv(args[3], code)
}
