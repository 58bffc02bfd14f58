package web

import (
	_ "embed"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// openAPI is the OpenAPI 3.1 description of everything that a directory serves but the
// audit view.
//
//go:embed openapi.json
var openAPI []byte

// openAPIPath is where it is served.
const openAPIPath = "/api/v1/openapi.json"

func (s *frame) routeOpenAPI(r chi.Router) {
	s.open(r, http.MethodGet, openAPIPath, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		writeBody(w, http.StatusOK, jsonType, openAPI)
		return nil
	})
}
