package demo

import (
	"fmt"
	"io"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
)

// narrator prints what happens. Errors of the writer do not matter to a story.
type narrator struct {
	w    io.Writer
	acts int
}

func (n *narrator) title(text string) {
	fmt.Fprintf(n.w, "%s\n%s\n", text, strings.Repeat("=", len(text)))
}

func (n *narrator) act(text string) {
	n.acts++
	fmt.Fprintf(n.w, "\n%d. %s\n", n.acts, text)
}

func (n *narrator) say(format string, args ...any) {
	fmt.Fprintf(n.w, "   "+format+"\n", args...)
}

func (n *narrator) keys(keys []client.Key) {
	for _, k := range keys {
		n.say("  key: %s", k.Description)
	}
}
