package web

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// LinkAuthorizer tells an operator by the credential of its requests.
// *directory.TokenFile is one. It is safe for concurrent use.
type LinkAuthorizer interface {
	// Identify returns the identity of the credential's holder. The error is
	// directory.ErrUnauthenticated if it is not the operator.
	Identify(credential directory.Credential) (directory.Identity, error)
}

// managerRoutes adds what a Third-Party Manager serves. Users talk to the
// operator: without the operator's token there is only what the public may see.
func (s *server) managerRoutes(r chi.Router) {
	s.publicRoutes(r)
	r.Group(func(r chi.Router) {
		r.Use(s.requireLink)
		s.userOperations(r)
		r.Post("/v1/manager-update", s.handle(s.managerUpdate))
		s.jsonAPI(r)
	})
}

// requireLink lets only requests of the operator through.
func (s *server) requireLink(next http.Handler) http.Handler {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := s.cfg.Link.Identify(credentialOf(r)); err != nil {
			return err
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// managerUpdate serves the operation that writes what an operator has signed.
func (s *server) managerUpdate(w http.ResponseWriter, r *http.Request) error {
	if err := requireType(r, octetStream); err != nil {
		return err
	}
	return s.exchange(w, r, s.cfg.MaxUpdateBytes, s.updates, func(ctx context.Context, body []byte) ([]byte, error) {
		q, err := keytrans.ParseManagerUpdateRequest(body)
		if err != nil {
			return nil, err
		}
		responses, err := s.dir.ManagerUpdate(ctx, q)
		if err != nil {
			return nil, err
		}
		return s.marshalUpdates(responses)
	})
}
