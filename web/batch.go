package web

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// maxBatchBody is the size in bytes of the largest body of a batch: that of a
// keytrans.BatchRequest with as many queries, and as long labels, as there can be
// is 66,565.
const maxBatchBody = 66 << 10

// batchShare is how many times fewer batches than reads are answered at the same
// time: each does the work of as many reads as it has queries.
const batchShare = 8

// batch adds the operation that answers many queries at once. Batches have a gate
// of their own, so that reads find room beside them.
func (s *frame) batch(r chi.Router, answer answerFunc) {
	s.open(r, http.MethodPost, "/v1/batch", func(w http.ResponseWriter, r *http.Request) error {
		if err := requireType(r, octetStream); err != nil {
			return err
		}
		return s.exchange(w, r, maxBatchBody, s.batches, answer)
	})
}

func (s *server) answerBatch(ctx context.Context, body []byte) ([]byte, error) {
	q, err := keytrans.ParseBatchRequest(body)
	if err != nil {
		return nil, err
	}
	answers, err := s.dir.Batch(ctx, q)
	if err != nil {
		return nil, err
	}
	return keytrans.MarshalBatchAnswers(s.dir.Configuration(), answers)
}
