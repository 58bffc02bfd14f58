package main

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// benchDirectory serves a public log, and another log for auditors.
func benchDirectory(t *testing.T) string {
	t.Helper()
	public := monitortest.New(t, 1)
	public.Grow(t, 300, 3)
	log := keytranstest.New(keytranstest.Options{Mode: keytrans.ThirdPartyAuditing})
	for i := range uint64(20) {
		log.Append(1000*i, keytranstest.Pad(5))
	}
	mux := http.NewServeMux()
	answer := func(path string, object func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(object()) })
	}
	answer("/api/v1/stats", func() any { return map[string]any{"labels": 50} })
	answer("/api/v1/log/publication", func() any { return map[string]any{"verifier_key": public.Signer.VerifierKey()} })
	answer("/api/v1/log", func() any {
		return map[string]any{"tree_size": 20, "root": log.Root(20).String(), "signature": log.At(20).Head().Signature}
	})
	mux.Handle("/log/", http.StripPrefix("/log", public))
	mux.HandleFunc("/v1/configuration", func(w http.ResponseWriter, _ *http.Request) {
		data, err := log.Config.Marshal()
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(data)
	})
	mux.HandleFunc("POST /v1/audit-updates", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q, err := keytrans.ParseAuditRequest(body)
		if err != nil {
			t.Error(err)
			return
		}
		for pos := q.Start; pos < min(q.Start+uint64(q.Count), 20); pos++ {
			data, err := log.AuditorUpdate(pos).Marshal()
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestBench measures in both modes, with and without a folder to keep.
func TestBench(t *testing.T) {
	url := benchDirectory(t)
	for mode, want := range map[string]benchJSON{"mirror": {Entries: 300, Labels: 50}, "stateless": {Entries: 20, Changes: 100, Labels: 50}} {
		ktmon(t, t.Context(), "bench", url, "--mode", mode).exits(exitOK).prints("changes_per_core_s")
		dir := filepath.Join(t.TempDir(), "kept")
		r := ktmon(t, t.Context(), "bench", url, "--mode", mode, "--json", "--dir", dir).exits(exitOK)
		var got benchJSON
		fatalIfErr(t, json.Unmarshal([]byte(r.stdout), &got))
		if got.Entries != want.Entries || want.Changes > 0 && got.Changes != want.Changes || got.Changes < 20 || got.Labels != want.Labels || got.Mode != mode {
			t.Errorf("%s: %+v", mode, got)
		}
		size, err := folderSize(dir)
		fatalIfErr(t, err)
		if got.StateBytes != size || size == 0 || got.BytesRead < 1000 || got.Seconds <= 0 || got.ChangesPerSecond <= 0 || got.SchemaVersion != schemaVersion {
			t.Errorf("%s: %+v, %d bytes", mode, got, size)
		}
		ktmon(t, t.Context(), "bench", url, "--mode", mode, "--dir", dir).exits(exitOperational, "is not empty")
	}
	profile := filepath.Join(t.TempDir(), "cpu")
	ktmon(t, t.Context(), "bench", url, "--cpuprofile", profile).exits(exitOK)
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

// TestBenchRefused measures what cannot be measured.
func TestBenchRefused(t *testing.T) {
	url := benchDirectory(t)
	ktmon(t, t.Context(), "bench").exits(exitUsage, "missing")
	ktmon(t, t.Context(), "bench", url, "--mode", "both").exits(exitUsage, "--mode")
	ktmon(t, t.Context(), "bench", url, "--policy", filepath.Join(t.TempDir(), "none")).exits(exitOperational, "no such file")
	ktmon(t, t.Context(), "bench", url+"/elsewhere").exits(exitOperational, "asking the directory for its log's key")
	other := filepath.Join(t.TempDir(), "policy")
	signer := monitortest.New(t, 9)
	fatalIfErr(t, os.WriteFile(other, append([]byte("log other.example+"), signer.Policy()[len("log "+monitortest.Origin+"+"):]...), 0o600))
	ktmon(t, t.Context(), "bench", url, "--policy", other).exits(exitUsage)
}

// TestAuditVerifyOnly audits without a key.
func TestAuditVerifyOnly(t *testing.T) {
	url := benchDirectory(t)
	dir := filepath.Join(t.TempDir(), "audit")
	ktmon(t, t.Context(), "audit", url, dir, "--once").exits(exitUsage, "make a key first")
	r := ktmon(t, t.Context(), "audit", url, dir, "--once", "--verify-only", "--json").exits(exitOK)
	var out auditJSON
	fatalIfErr(t, json.Unmarshal([]byte(r.stdout), &out))
	if out.Size != 20 || out.SignedSize != 0 || out.Verdict != outcomeVerified {
		t.Errorf("%+v", out)
	}
	state := filepath.Join(dir, "state")
	data, err := os.ReadFile(state)
	fatalIfErr(t, err)
	data[len(data)-1] ^= 1
	fatalIfErr(t, os.WriteFile(state, data, 0o600))
	ktmon(t, t.Context(), "audit", url, dir, "--once", "--verify-only").exits(exitOK, "a file was damaged: state: audited again from the beginning")
}
