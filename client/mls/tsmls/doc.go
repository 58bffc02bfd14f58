// Package tsmls has tests that hold package mls against ts-mls, an implementation
// of RFC 9420 in TypeScript: groups that it makes are read here, and what is
// refused here is held against what it refuses. They need Node.js, 18 or later,
// npm, and a registry to install ts-mls from, in the versions of package-lock.json.
package tsmls
