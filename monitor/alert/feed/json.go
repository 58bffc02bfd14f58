package feed

import (
	"encoding/json"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

type jsonFeed struct {
	Version     string     `json:"version"`
	Title       string     `json:"title"`
	HomePageURL string     `json:"home_page_url"`
	FeedURL     string     `json:"feed_url"`
	Items       []jsonItem `json:"items"`
}

type jsonItem struct {
	ID            string   `json:"id"`
	URL           string   `json:"url"`
	Title         string   `json:"title"`
	ContentText   string   `json:"content_text"`
	DatePublished string   `json:"date_published"`
	Tags          []string `json:"tags"`
	// Alert is an extension, whose name must begin with an underscore.
	Alert *alert.Alert `json:"_ghostlight"`
}

// json returns the JSON feed.
func (f *Feed) json(alerts []alert.Alert) ([]byte, error) {
	out := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: f.cfg.Title,
		HomePageURL: f.base + "/", FeedURL: f.base + "/alerts.feed.json", Items: []jsonItem{},
	}
	for i := range alerts {
		a := &alerts[i]
		out.Items = append(out.Items, jsonItem{
			ID: f.tag + "alert:" + a.ID, URL: f.page(a), Title: title(a), ContentText: text(a),
			DatePublished: a.RaisedAt.Format(time.RFC3339), Tags: tags(a), Alert: a,
		})
	}
	data, err := json.MarshalIndent(out, "", " ")
	return append(data, '\n'), err
}
