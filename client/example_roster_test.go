package client_test

import (
	"context"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

func ExampleClient_CheckRoster() {
	c, close := exampleClient() // see client.Trust and client.Open
	defer close()

	// What the app sees in its session: bob with his device, and eve. docs/roster.md
	// has the document. It can be made as a roster.Roster as well.
	r, err := roster.Parse([]byte(`{
		"schema": "ghostlight/roster/v1", "conversation": "team", "me": "bob@example.org",
		"members": [
			{"label": "bob@example.org", "first_seen": "2026-11-24T13:00:00Z", "devices": [
				{"format": "X25519", "key": "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI="}]},
			{"label": "eve@example.org", "first_seen": "2026-11-24T13:00:00Z", "devices": []}]}`))
	if err != nil {
		fmt.Println("this is no roster:", err)
		return
	}
	result, err := c.CheckRoster(context.Background(), r, client.RosterOptions{})
	if err != nil {
		fmt.Println("nothing was checked:", err)
		return
	}
	for _, f := range result.Findings {
		if f.Severity != roster.Note {
			fmt.Printf("%s %s: %s\n", f.Severity, f.Code, f.Label)
		}
	}
	fmt.Println("exit code of kt roster:", result.Exit())
	// Output:
	// error ghost-user: eve@example.org
	// exit code of kt roster: 4
}
