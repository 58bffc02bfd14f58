package main

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// printAnswer prints how the owner of a label answers an unexpected version.
func (a *app) printAnswer(label string, u *client.Unexpected) {
	label = cli.Printable(label)
	status := account.None
	if u.Account != nil {
		status = u.Account.Status
	}
	accept := fmt.Sprintf("kt own %s --accept %d", label, u.Version)
	sign := fmt.Sprintf("kt publish %s FILE --account-key FILE (and --token-file TOKEN, where the directory asks for one)", label)
	switch status {
	case account.Signed, account.Rotated:
		a.printf("  published from another device of yours? %s\n", accept)
		a.printf("  if not, somebody has your account key: kt account rotate %s\n", label)
	case account.Unsigned:
		a.printf("  contacts who know your account key refuse it; your keys, signed again, take its place: %s\n", sign)
		a.printf("  if you did this yourself, elsewhere: %s\n", accept)
	case account.Announced:
		a.printf("  %s; your keys, signed again, cancel it: %s\n", a.timeLeft(u), sign)
		a.printf("  if you did this yourself, elsewhere: %s\n", accept)
	case account.Reset, account.Unconnected:
		a.printf("  if you did not do this, somebody has taken the label over: tell your contacts and the operator; kt account reset %s\n", label)
		a.printf("  if you did this yourself, elsewhere: %s\n", accept)
	default:
		a.printf("  if you did this yourself, elsewhere: %s\n", accept)
	}
}

// timeLeft says how long an announced reset has to wait yet.
func (a *app) timeLeft(u *client.Unexpected) string {
	if u.EntryTime.IsZero() {
		return fmt.Sprintf("the reset can be completed %d hours after this, unless the directory waits for another time", int(client.ResetWait.Hours()))
	}
	now := time.Now
	if a.config.Now != nil {
		now = a.config.Now
	}
	end := u.EntryTime.Add(client.ResetWait)
	left := end.Sub(now()).Round(time.Minute)
	if left <= 0 {
		return fmt.Sprintf("the reset can be completed since %s, unless the directory waits for longer", moment(end))
	}
	return fmt.Sprintf("the reset can be completed from %s on, in %d h %d min, unless the directory waits for another time", moment(end), int(left.Hours()), int(left.Minutes())%60)
}
