package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/directory/trillianlog"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// trillianOptions are the flags that name a Trillian log.
type trillianOptions struct {
	server, ca string
	tree       int64
}

// dial returns the replica that the flags name, nil if they name none; close ends
// the connection. That Trillian does not answer is no error: it may be down for a
// while, and lookups do not need it.
func (o *trillianOptions) dial(ctx context.Context, logger *slog.Logger) (replica publisher.Replica, close func() error, err error) {
	if o.server == "" {
		return nil, func() error { return nil }, nil
	}
	creds := insecure.NewCredentials()
	if o.ca != "" {
		if creds, err = loadCA(o.ca); err != nil {
			return nil, nil, err
		}
	} else if host, _, _ := net.SplitHostPort(o.server); !isLoopback(host) {
		logger.Warn("the connection to Trillian is not encrypted; give --trillian-ca if its server speaks TLS", "server", o.server)
	}
	conn, err := grpc.NewClient(o.server, grpc.WithTransportCredentials(creds))
	if err != nil {
		return nil, nil, fmt.Errorf("--trillian: %w", err)
	}
	r := &trillianReplica{cfg: trillianlog.Config{Conn: conn, TreeID: o.tree, Logger: logger}}
	err = r.open(ctx)
	switch code := status.Code(err); {
	case err == nil:
	case code == codes.Unavailable, code == codes.DeadlineExceeded:
		logger.Warn("Trillian does not answer; no checkpoint is signed until it does", "server", o.server, "err", err)
	default:
		return nil, nil, errors.Join(fmt.Errorf("--trillian %s --tree %d: %w", o.server, o.tree, err), conn.Close())
	}
	return r, conn.Close, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func loadCA(path string) (credentials.TransportCredentials, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--trillian-ca: %s has no certificate in PEM", path)
	}
	return credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), nil
}

// trillianReplica is a Trillian log as a publisher's Replica. It is opened when
// its server first answers.
type trillianReplica struct {
	cfg trillianlog.Config
	log *trillianlog.Log // nil until then
}

func (r *trillianReplica) open(ctx context.Context) (err error) {
	if r.log == nil {
		r.log, err = trillianlog.Open(ctx, r.cfg)
	}
	return err
}

// Advance implements publisher.Replica.
func (r *trillianReplica) Advance(ctx context.Context, size uint64, read func(lo, hi uint64) ([][]byte, error)) (uint64, merkle.Hash, error) {
	if err := r.open(ctx); err != nil {
		return 0, merkle.Hash{}, err
	}
	integrated, root, err := r.log.Advance(ctx, size, read)
	if conflict := (*trillianlog.Conflict)(nil); errors.As(err, &conflict) {
		err = &publisher.Conflict{Index: conflict.Index, Own: conflict.Own, Theirs: conflict.Theirs}
	}
	return integrated, root, err
}
