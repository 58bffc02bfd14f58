package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
)

// exampleClient returns a client of a directory in which bob has a key.
func exampleClient() (c *client.Client, close func()) {
	d := clienttest.New()
	d.Insert(clienttest.Update{Label: "bob@example.org", Values: [][]byte{keys("b")}})
	d.Tick(3, time.Hour)
	server := httptest.NewServer(d)
	root, err := os.MkdirTemp("", "example-gate-")
	if err != nil {
		panic(err)
	}
	cfg := client.Config{Now: d.Clock.Now}
	if _, err := client.Trust(context.Background(), root, server.URL, "", cfg); err != nil {
		panic(err)
	}
	if c, err = client.Open(root, server.URL, cfg); err != nil {
		panic(err)
	}
	return c, func() { server.Close(); os.RemoveAll(root) }
}

func ExampleClient_Gate() {
	c, close := exampleClient() // see client.Trust and client.Open
	defer close()

	// What the app is about to encrypt to: bob's key, and one that somebody slipped in.
	device := func(letter string) roster.Device {
		return roster.Device{Format: keyset.FormatX25519, Data: []byte(strings.Repeat(letter, 32))}
	}
	recipients := []client.Recipient{{Label: "bob@example.org", Keys: []roster.Device{device("b"), device("x")}}}

	proven, err := c.Gate(context.Background(), recipients, client.GateOptions{})
	var refused *client.GateError
	switch {
	case errors.As(err, &refused): // some keys, or all
		for _, r := range refused.Refused {
			fmt.Println("not to", r.Label, "with this key:", r.Code)
		}
	case err != nil:
		fmt.Println("nothing is proven:", err)
	}
	for _, r := range proven {
		for _, key := range r.Keys {
			fmt.Printf("encrypt to %s with the key %s...\n", r.Label, key.Data[:3])
		}
	}
	// Output:
	// not to bob@example.org with this key: ghost-device
	// encrypt to bob@example.org with the key bbb...
}
