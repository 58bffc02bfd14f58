package feed

import (
	"encoding/xml"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  atomPerson  `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Links      []atomLink     `xml:"link"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Categories []atomCategory `xml:"category"`
	Content    atomText       `xml:"content"`
}

// atom returns the Atom feed.
func (f *Feed) atom(alerts []alert.Alert) ([]byte, error) {
	out := atomFeed{
		ID: f.tag + "alerts", Title: f.cfg.Title, Updated: modified(alerts).Format(time.RFC3339),
		Author: atomPerson{f.cfg.Title},
		Links:  []atomLink{{"self", f.base + "/alerts.atom"}, {"alternate", f.base + "/"}},
	}
	for i := range alerts {
		a := &alerts[i]
		at := a.RaisedAt.Format(time.RFC3339)
		e := atomEntry{
			ID: f.tag + "alert:" + a.ID, Links: []atomLink{{"alternate", f.page(a)}}, Title: title(a), Published: at, Updated: at,
			Content: atomText{"text", text(a)},
		}
		for _, term := range tags(a) {
			e.Categories = append(e.Categories, atomCategory{term})
		}
		out.Entries = append(out.Entries, e)
	}
	data, err := xml.MarshalIndent(out, "", " ")
	return append([]byte(xml.Header), append(data, '\n')...), err
}

// page returns the URL of the page of an alert.
func (f *Feed) page(a *alert.Alert) string { return f.base + "/alerts/" + a.ID }

// tags returns the words by which readers can sort alerts.
func tags(a *alert.Alert) []string {
	out := []string{string(a.State), string(a.Class), string(a.Severity), string(a.Rule)}
	if a.Directory != "" {
		out = append(out, a.Directory)
	}
	return out
}
