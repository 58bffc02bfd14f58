package station

import "context"

func (s *Station) addVantage(add func(string, func(ctx context.Context) (Role, error)), d *Directory) {
}
