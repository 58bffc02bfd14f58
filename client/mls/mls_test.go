package mls_test

import (
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/mls"
	"github.com/ghostlight-kt/ghostlight/client/mls/mlstest"
)

func fatalIfErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var testGroup = []byte(mlstest.GroupID)

// people returns clients called a, b, c ...
func people(t testing.TB, suite mls.CipherSuite, n int) []*mlstest.Client {
	t.Helper()
	list := make([]*mlstest.Client, n)
	for i := range list {
		list[i] = mlstest.New(t, suite, fmt.Sprintf("%c@example.org", 'a'+i))
	}
	return list
}

// parseTree parses a tree that is well-formed.
func parseTree(t testing.TB, data []byte) *mls.RatchetTree {
	t.Helper()
	tree, err := mls.ParseRatchetTree(data)
	fatalIfErr(t, err)
	return tree
}

// nodesOf returns a tree's nodes as the extension had them.
func nodesOf(tree *mls.RatchetTree) []mlstest.Node {
	nodes := make([]mlstest.Node, tree.NodeCount())
	for i := range nodes {
		nodes[i].Leaf, nodes[i].Parent = tree.Node(i)
	}
	return nodes
}
