package client

import "testing"

func TestProblemText(t *testing.T) {
	for want, p := range map[string]Problem{
		"the server answered 422: it names the wrong version":      {Type: ProblemPolicy, Status: 422, Detail: "it names the wrong version", Field: "values"},
		"the server answered 400: it must be one number (version)": {Status: 400, Detail: "it must be one number", Field: "version"},
		"the server answered 404: no such version":                 {Status: 404, Title: "no such version", Field: "version"},
		"the server answered 503: Service Unavailable":             {Status: 503},
	} {
		if got := p.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
