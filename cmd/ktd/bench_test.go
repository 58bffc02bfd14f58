package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bench")
	for _, suite := range []string{"ed25519", "p256"} {
		var publish map[string]any
		args := []string{"bench", "publish", "--labels", "250", "--batch", "100", "--vrf-time", "50ms", "--suite", suite, "--json"}
		if suite == "ed25519" {
			args = append(args, "--dir", dir)
		}
		ktd(t, args...).exits(exitOK).json(&publish)
		for _, name := range []string{
			"labels_per_s", "vrf_bound_per_s", "ratio_to_vrf_bound", "store_bytes_per_label", "rss_bytes",
			"labels", "batch", "epochs", "seconds", "cpus", "schema_version",
		} {
			if n, ok := publish[name].(float64); !ok || n <= 0 {
				t.Errorf("%s is %v", name, publish[name])
			}
		}
		if publish["epochs"] != 3.0 || publish["labels"] != 250.0 || !strings.HasPrefix(publish["go_version"].(string), "go") {
			t.Errorf("%v", publish)
		}
	}
	ktd(t, "bench", "publish", "--labels", "10", "--vrf-time", "1ms", "--dir", dir).exits(exitFailed, "not empty")

	var lookup struct {
		SchemaVersion int     `json:"schema_version"`
		All           float64 `json:"proofs_per_s"`
		One           float64 `json:"proofs_per_s_one_core"`
		ResponseBytes float64 `json:"response_bytes"`
		RSS           float64 `json:"rss_bytes"`
		Verified      int     `json:"verified"`
		Labels        int     `json:"labels"`
		TreeSize      uint64  `json:"tree_size"`
		Warm          struct {
			AllCores map[string]float64 `json:"all_cores"`
		} `json:"warm"`
	}
	ktd(t, "bench", "lookup", "--dir", dir, "--requests", "300", "--json").exits(exitOK).json(&lookup)
	if lookup.SchemaVersion != 1 || lookup.All <= 0 || lookup.One <= 0 || lookup.ResponseBytes < 300 || lookup.RSS <= 0 ||
		lookup.Verified != 12 || lookup.Labels != 250 || lookup.TreeSize != 4 {
		t.Errorf("%+v", lookup)
	}
	p := lookup.Warm.AllCores
	if p["p50_us"] <= 0 || p["p50_us"] > p["p90_us"] || p["p90_us"] > p["p99_us"] || p["p99_us"] > p["max_us"] {
		t.Errorf("%v", p)
	}
}

func TestBenchLookupAlone(t *testing.T) {
	r := ktd(t, "bench", "lookup", "--labels", "20", "--requests", "5", "--vrf-time", "1ms").exits(exitOK)
	if !strings.Contains(r.stdout, "cold, one core") {
		t.Errorf("no table:\n%s", r.stdout)
	}
	ktd(t, "bench", "lookup", "--dir", newDir(t)).exits(exitFailed, "was not made by 'ktd bench publish --dir'")
	if r := ktd(t, "bench", "publish", "--labels", "20", "--vrf-time", "1ms").exits(exitOK); !strings.Contains(r.stdout, "ratio_to_vrf_bound") {
		t.Errorf("no table:\n%s", r.stdout)
	}
}

func TestBenchRoster(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bench")
	ktd(t, "bench", "publish", "--labels", "30", "--vrf-time", "1ms", "--dir", dir).exits(exitOK)
	server := startServer(t, dir)
	requests := make(map[string]float64)
	for _, batch := range []string{"true", "false"} {
		var got map[string]any
		ktd(t, "bench", "roster", server.url, "--labels", "30", "--members", "20", "--batch="+batch, "--json").exits(exitOK).json(&got)
		requests[batch], _ = got["requests"].(float64)
		if got["members"] != 20.0 || got["bytes_received"].(float64) < 20*300 || got["seconds"].(float64) <= 0 || got["rss_bytes"].(float64) <= 0 {
			t.Errorf("%v", got)
		}
	}
	if requests["true"] != 1 || requests["false"] != 20 {
		t.Errorf("%v requests", requests)
	}
	ktd(t, "bench", "roster", server.url, "--labels", "40", "--members", "40").exits(exitFailed, "does the directory have the 40 labels")
	ktd(t, "bench", "roster", server.url, "--members", "0").exits(exitUsage, "--members")
}
