package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// valueSource says how to make a value of files.
type valueSource struct {
	raw      bool     // the bytes of the one file
	device   string   // the name of all keys, if it is not empty
	purposes []string // of all keys
}

func (s *valueSource) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.raw, "raw", false, "publish the bytes of the file as they are")
	f.StringVar(&s.device, "device", "", "the `name` of the device that has the keys")
	f.StringSliceVar(&s.purposes, "purpose", nil, "what the keys are for: signing, encryption, authentication or messaging; can be repeated")
}

// readValue returns the value to publish for the label name: the key set of what is in
// the files, or the bytes of one.
func (a *app) readValue(paths []string, name string, source valueSource) ([]byte, error) {
	if source.raw {
		if len(paths) != 1 || source.device != "" || len(source.purposes) > 0 {
			return nil, usageError("--raw is for one file, without --device and --purpose: the bytes are published as they are")
		}
		value, err := a.readKeys(paths[0], name, true)
		if err == nil {
			a.warnOfKeys(value)
		}
		return value, err
	}
	attributes, err := source.attributes()
	if err != nil {
		return nil, err
	}
	var all keyset.Set
	for _, path := range paths {
		value, err := a.readKeys(path, name, false)
		if err != nil {
			return nil, err
		}
		set, err := keyset.Parse(value)
		if err != nil {
			return nil, operationalError("reading keys", err)
		}
		all.Keys = append(all.Keys, set.Keys...)
	}
	all.Keys = distinct(all.Keys)
	for i := range all.Keys {
		k := &all.Keys[i]
		if source.device != "" {
			k.Name = source.device
		}
		if len(attributes) > 0 { // in place of what the file says, as a JWK may
			k.Attributes = slices.DeleteFunc(k.Attributes, func(e keyset.Extension) bool { return e.Type == keyset.AttributePurpose })
			k.Attributes = append(k.Attributes, attributes...)
		}
	}
	value, err := all.Marshal()
	if err != nil {
		return nil, usageError("the keys: %v", err)
	}
	a.warnOfKeys(value)
	return value, nil
}

// attributes returns what all keys are marked with.
func (s *valueSource) attributes() ([]keyset.Extension, error) {
	if err := keyset.CheckName(s.device); err != nil {
		return nil, usageError("--device: %v", err)
	}
	if len(s.purposes) == 0 {
		return nil, nil
	}
	var purposes []keyset.Purpose
	for _, name := range s.purposes {
		p, err := keyset.ParsePurpose(name)
		if err != nil {
			return nil, usageError("--purpose: %v", err)
		}
		purposes = append(purposes, p)
	}
	return []keyset.Extension{keyset.PurposeAttribute(purposes...)}, nil
}

// distinct returns each key once, the first one of its kind.
func distinct(keys []keyset.Key) []keyset.Key {
	slices.SortStableFunc(keys, keyset.Compare)
	return slices.CompactFunc(keys, func(a, b keyset.Key) bool { return keyset.Compare(a, b) == 0 })
}

// readKeys returns the value that a file stands for.
func (a *app) readKeys(path, name string, raw bool) ([]byte, error) {
	data, err := a.readInput("the value to publish", path, maxFile)
	if err != nil {
		return nil, err
	}
	value, skipped, err := keyring.Value(data, path, name, raw)
	for i, s := range skipped {
		if i == maxSkipped {
			fmt.Fprintf(a.stderr, "kt: skipped: %d more\n", len(skipped)-i)
			break
		}
		fmt.Fprintf(a.stderr, "kt: skipped: %s\n", cli.Printable(s.String()))
	}
	if err == nil {
		return value, nil
	}
	e := &client.Error{Kind: client.Operational, Step: "reading keys", Err: err}
	switch {
	case errors.Is(err, keyring.ErrPrivateKey):
		e.Hint = "publish the public part: gpg --export, the .pub file, age-keygen -y, or openssl pkey -pubout"
	case errors.Is(err, keyring.ErrBareKey): // not --raw: it may be the private one
	case errors.Is(err, keyring.ErrUnrecognized):
		e.Hint = "to publish other data as it is, for whoever asks to see, use --raw"
	}
	return nil, e
}
