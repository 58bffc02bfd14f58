package station

import (
	"context"
	"time"
)

func (s *Station) addVantage(add func(string, time.Duration, func(ctx context.Context, d *Directory) (Role, error)), d *Directory) {
}
