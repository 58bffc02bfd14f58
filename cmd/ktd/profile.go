package main

import (
	"errors"
	"os"
	"runtime/pprof"
)

// profiled runs f under the profiles that were asked for.
func (o *benchOptions) profiled(f func() error) error {
	if o.cpuProfile != "" {
		measured := f
		f = func() error { return cpuProfiled(o.cpuProfile, measured) }
	}
	if err := f(); err != nil || o.memProfile == "" {
		return err
	}
	out, err := os.Create(o.memProfile)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(out, 0), out.Close())
}

func cpuProfiled(path string, f func() error) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}
