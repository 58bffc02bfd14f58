package audit

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// apiData is an OpenAPI document as the page shows it.
type apiData struct {
	Path        string // where the document is
	Title       string
	Version     string
	Description []string // paragraphs
	Groups      []apiGroup
	Schemas     []apiSchema
}

type apiGroup struct {
	Name, Description string
	Operations        []apiOperation
}

type apiOperation struct {
	ID, Method, Path string
	Summary          string
	Description      []string
	Parameters       []apiParameter
	Request          []apiBody
	Responses        []apiResponse
}

type apiParameter struct {
	Name, In, Description string
	Required              bool
}

type apiResponse struct {
	Status, Description string
	Bodies              []apiBody
}

// apiBody is a media type, and the name of the schema that it has, empty if it has none.
type apiBody struct{ Type, Object string }

type media struct{ Schema *schema }

// document is what is read of an OpenAPI document.
type document struct {
	Info struct{ Title, Version, Description string }
	Tags []struct{ Name, Description string }
	// Paths have the operations by method, and what is no operation.
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	OperationID, Summary, Description string
	Tags                              []string
	Parameters                        []apiParameter
	RequestBody                       *struct{ Content map[string]media }
	Responses                         map[string]struct {
		Ref         string `json:"$ref"`
		Description string
		Content     map[string]media
	}
}

var methods = []string{"get", "post", "put", "delete", "patch"}

// newAPI reads an OpenAPI document.
func newAPI(data []byte, path string) (*apiData, error) {
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	api := &apiData{Path: path, Title: doc.Info.Title, Version: doc.Info.Version, Description: paragraphs(doc.Info.Description), Schemas: schemasOf(doc.Components.Schemas)}
	for _, tag := range doc.Tags {
		api.Groups = append(api.Groups, apiGroup{Name: tag.Name, Description: tag.Description})
	}
	for path, item := range doc.Paths {
		for _, method := range methods {
			if item[method] == nil {
				continue
			}
			var op operation
			if err := json.Unmarshal(item[method], &op); err != nil {
				return nil, err
			}
			api.add(path, method, op)
		}
	}
	for _, g := range api.Groups {
		slices.SortFunc(g.Operations, func(a, b apiOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	}
	return api, nil
}

func (api *apiData) add(path, method string, op operation) {
	out := apiOperation{ID: op.OperationID, Method: strings.ToUpper(method), Path: path, Summary: op.Summary,
		Description: paragraphs(op.Description), Parameters: op.Parameters}
	if op.RequestBody != nil {
		out.Request = bodiesOf(op.RequestBody.Content)
	}
	for status, r := range op.Responses {
		if r.Ref != "" {
			r.Description = "a problem"
		}
		out.Responses = append(out.Responses, apiResponse{status, r.Description, bodiesOf(r.Content)})
	}
	slices.SortFunc(out.Responses, func(a, b apiResponse) int { return strings.Compare(a.Status, b.Status) })
	for i := range api.Groups {
		if slices.Contains(op.Tags, api.Groups[i].Name) {
			api.Groups[i].Operations = append(api.Groups[i].Operations, out)
		}
	}
}

func bodiesOf(content map[string]media) []apiBody {
	var out []apiBody
	for _, mediaType := range slices.Sorted(maps.Keys(content)) {
		out = append(out, apiBody{mediaType, content[mediaType].Schema.object()})
	}
	return out
}

func paragraphs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSpace(text), "\n\n")
}

// apiPage shows the OpenAPI document.
func apiPage(v *View, _ *http.Request) (any, error) { return v.api, nil }
