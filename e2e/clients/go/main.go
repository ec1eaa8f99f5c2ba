// Command clients moves a SIM with the client that oapi-codegen generates from
// api/openapi.yaml.
//
//	clients http://127.0.0.1:8080 SIM
package main

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"clients/simferryapi"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, server, sim string) error {
	id, err := strconv.ParseInt(sim, 10, 64)
	if err != nil {
		return err
	}
	c, err := simferryapi.NewClientWithResponses(server)
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte("correct horse"))
	username, password := "admin@example.com", hex.EncodeToString(sum[:])
	signedIn, err := c.AuthenticateWithResponse(ctx, simferryapi.AuthRequest{Username: &username, Password: &password})
	if err != nil {
		return err
	}
	if signedIn.JSON200 == nil || signedIn.JSON200.AuthToken == nil {
		return fmt.Errorf("sign-in: %s", signedIn.Status())
	}
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+*signedIn.JSON200.AuthToken)
		return nil
	}
	dry := false
	moved, err := c.MigrateSimsWithResponse(ctx, nil, simferryapi.MigrationRequest{
		TargetWorkspace: simferryapi.IDRef{Id: 200}, Sims: &[]simferryapi.IDRef{{Id: id}}, DryRun: &dry,
	}, bearer)
	if err != nil {
		return err
	}
	if moved.JSON200 == nil || moved.JSON200.SimCount != 1 || moved.JSON200.DryRun {
		return fmt.Errorf("migration: %s: %s", moved.Status(), moved.Body)
	}
	fmt.Println("oapi-codegen: moved", moved.JSON200.Sims[0].Iccid)
	return nil
}
