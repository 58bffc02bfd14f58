package keytrans_test

import (
	"bytes"
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// anyKey is the neutral element of edwards25519. With it as the public key, anySignature
// is a signature of every message: a log that signs whatever a response says.
var (
	anyKey       = append([]byte{1}, make([]byte, 31)...)
	anySignature = append(bytes.Clone(anyKey), make([]byte, 32)...)
)

// lie makes the log of a line one that signs everything, and lets its response say
// something else. It does nothing if the log or response is not of that kind.
func (p *agreePool) lie(line *agreeLine) {
	cfg, err := keytrans.ParseConfiguration(line.Configuration)
	if err != nil || cfg.Suite != keytrans.KT_128_SHA256_Ed25519 {
		return
	}
	r, err := parseAny(cfg, line)
	if err != nil {
		return
	}
	cfg.SignaturePublicKey = anyKey
	if cfg.LeafPublicKey != nil && p.rng.IntN(2) == 0 {
		cfg.LeafPublicKey = anyKey
	}
	if cfg.AuditorPublicKey != nil {
		cfg.AuditorPublicKey = anyKey
	}
	spots := make(map[reflect.Type][]reflect.Value)
	for i := range r.parts {
		collectSpots(reflect.ValueOf(r.parts[i]).Elem(), spots)
	}
	types := slices.SortedFunc(maps.Keys(spots), func(a, b reflect.Type) int { return cmp.Compare(a.String(), b.String()) })
	for range 1 + p.rng.IntN(3) {
		like := spots[types[p.rng.IntN(len(types))]]
		p.changeValue(like[p.rng.IntN(len(like))])
	}
	configuration, err := cfg.Marshal()
	if err != nil {
		return
	}
	if response, err := r.marshal(cfg); err == nil {
		line.Configuration, line.Response = configuration, response
	}
}

// anyResponse is a decoded response of whatever operation.
type anyResponse struct {
	parts   []any // pointers to structures
	marshal func(*keytrans.Configuration) ([]byte, error)
}

func one[T interface {
	Marshal(*keytrans.Configuration) ([]byte, error)
}](p T, err error) (anyResponse, error) {
	return anyResponse{[]any{p}, p.Marshal}, err
}

func parseAny(cfg *keytrans.Configuration, line *agreeLine) (anyResponse, error) {
	switch line.Operation {
	case "search":
		q, err := keytrans.ParseSearchRequest(line.Request)
		if err != nil {
			return anyResponse{}, err
		}
		return one(keytrans.ParseSearchResponse(cfg, q, line.Response))
	case "contact-monitor":
		return one(keytrans.ParseContactMonitorResponse(cfg, line.Response))
	case "owner-init":
		return one(keytrans.ParseOwnerInitResponse(cfg, line.Response))
	case "owner-monitor":
		return one(keytrans.ParseOwnerMonitorResponse(cfg, line.Response))
	case "distinguished":
		return one(keytrans.ParseDistinguishedResponse(cfg, line.Response))
	case "absence":
		return one(keytrans.ParseAbsenceResponse(cfg, line.Response))
	case "update":
		ps, err := keytrans.ParseUpdateResponses(cfg, line.Response)
		out := anyResponse{marshal: func(cfg *keytrans.Configuration) (all []byte, err error) {
			for _, p := range ps {
				b, err := p.Marshal(cfg)
				if err != nil {
					return nil, err
				}
				all = append(all, b...)
			}
			return all, nil
		}}
		for _, p := range ps {
			out.parts = append(out.parts, p)
		}
		return out, err
	}
	q, err := keytrans.ParseBatchRequest(line.Request)
	if err != nil {
		return anyResponse{}, err
	}
	answers, err := keytrans.ParseBatchAnswers(cfg, q, line.Response)
	out := anyResponse{marshal: func(cfg *keytrans.Configuration) ([]byte, error) {
		return keytrans.MarshalBatchAnswers(cfg, answers)
	}}
	for _, a := range answers {
		out.parts = append(out.parts, a)
	}
	return out, err
}

// collectSpots signs every head in a value, and lists what in it can be changed, by type.
func collectSpots(v reflect.Value, spots map[reflect.Type][]reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		switch h := v.Addr().Interface().(type) {
		case *keytrans.TreeHead:
			h.Signature = anySignature
		case *keytrans.AuditorTreeHead:
			h.Signature = anySignature
		}
		for i := range v.NumField() {
			collectSpots(v.Field(i), spots)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			collectSpots(v.Elem(), spots)
		}
	case reflect.Slice:
		spots[v.Type()] = append(spots[v.Type()], v)
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				collectSpots(v.Index(i), spots)
			}
		}
	default:
		spots[v.Type()] = append(spots[v.Type()], v)
	}
}

// changeValue changes a number, a hash or a list a little.
func (p *agreePool) changeValue(v reflect.Value) {
	switch n := v.Len; v.Kind() {
	case reflect.Uint8:
		if v.Type() == reflect.TypeFor[prefixtree.ResultType]() && p.rng.IntN(4) > 0 {
			v.SetUint(uint64(prefixtree.Inclusion+prefixtree.NonInclusionParent) - v.Uint())
			return
		}
		v.SetUint((v.Uint() + 1 + uint64(p.rng.IntN(255))) % 256)
	case reflect.Uint32, reflect.Uint64:
		steps := []uint64{1, 2, 1000, 5000}
		step := steps[p.rng.IntN(len(steps))]
		if p.rng.IntN(2) == 0 && v.Uint() >= step {
			v.SetUint(v.Uint() - step)
		} else {
			v.SetUint(v.Uint() + step)
		}
	case reflect.Array:
		at := v.Index(p.rng.IntN(n()))
		at.SetUint(at.Uint() ^ 1)
	case reflect.Slice:
		if n() == 0 {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			return
		}
		i, j := p.rng.IntN(n()), p.rng.IntN(n())
		switch p.rng.IntN(3) {
		case 0:
			v.Set(reflect.AppendSlice(v.Slice3(0, i, i), v.Slice(i+1, n())))
		case 1:
			v.Set(reflect.Append(v, v.Index(j)))
		case 2:
			reflect.Swapper(v.Interface())(i, j)
		}
	}
}
