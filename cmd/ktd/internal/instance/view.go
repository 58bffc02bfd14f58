package instance

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/web"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// ViewConfig describes the audit view.
type ViewConfig struct {
	// Serve says whether it is served. Default true.
	Serve bool `json:"serve"`

	// Name is what the operator calls the directory. Default: the origin of its log.
	Name string `json:"name"`

	// Monitors are what the pages link to, and what visitors' browsers may ask. A
	// monitor that the operator does not run itself is worth most.
	Monitors []audit.Monitor `json:"monitors"`
}

// maxMonitors bounds ViewConfig.Monitors: each is in a header of every page.
const maxMonitors = 32

func (c ViewConfig) validate() error {
	if len(c.Name) > 100 {
		return errors.New("view.name: it has more than 100 bytes")
	}
	if len(c.Monitors) > maxMonitors {
		return fmt.Errorf("view.monitors: there are more than %d", maxMonitors)
	}
	for i, m := range c.Monitors {
		if err := audit.CheckMonitor(m); err != nil {
			return fmt.Errorf("view.monitors[%d]: %w", i, err)
		}
	}
	return nil
}

// view returns what package web serves, nil for nothing.
func (c ViewConfig) view() *web.ViewConfig {
	if !c.Serve {
		return nil
	}
	return &web.ViewConfig{Name: c.Name, Monitors: c.Monitors}
}
