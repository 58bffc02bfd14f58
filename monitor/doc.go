// Package monitor checks a log independently of the directory that runs it. It
// shares the protocol's encodings and trees with the directory, and none of its
// code.
//
// # What is checked
//
// [Replay] is the verifier. It takes log entries and their changes of the prefix
// tree, in order and from anywhere, and keeps three promises about what it took:
// timestamps never fall, each entry's prefix tree is that of the entries before
// with the entry's changes applied, and Root is the RFC 6962 root of the entries.
//
// [Mirror] follows a log: it reads a [Source] up to a checkpoint that the policy
// accepts, and keeps a copy. In what order things are believed:
//
//  1. A checkpoint, if the policy's log signed it. It must not contradict the
//     largest one that was believed before: if the two trees differ, both are
//     evidence.
//  2. Tiles of hashes, from the root in the checkpoint downwards.
//  3. Log entries, by the tiles of the lowest level.
//  4. Changes, by the prefix tree root in their entry. No signature covers them:
//     wrong ones prove nothing, because anybody on the way can have changed them.
//
// With the directory's Configuration, a Mirror also compares the heads that the
// directory signs with the KEYTRANS log tree over the same entries (ReadHead,
// CompareHeads), and proves that leaves of the prefix tree were removed or replaced
// (Leaves).
//
// Nothing is written to the copy before it is believed, and the checkpoint last.
// Each tile equals, byte for byte, what the entries hash to, because it led from
// the root to them.
//
// [Auditor] is the Third-Party Auditor of a directory (KEYTRANS, "Third Parties",
// "Auditing"): it verifies the change of every log entry from a proof, without a
// copy of the prefix tree, and signs what it verified. docs/auditing.md has more.
//
// # What is not promised
//
// That others see the same log: that is what witnesses are for, whom a policy can
// require. That the commitments in the prefix tree are of the right keys: their
// owners look after that. That the copy stays what it is: VerifyMirror tells, and
// OpenMirror, after which what is damaged is read again, up to what was believed.
//
// # Memory
//
// A Replay takes some 120 bytes for each leaf of the prefix tree. Beside it, a
// Mirror holds the bundles that it reads ahead, at most 2 MB for each of
// MirrorConfig.Ahead, and the changes of the one log entry that it verifies: some
// 250 bytes for each leaf that this adds or removes, of which there are
// tile.MaxLeaves at most. What is larger than that is not read, whatever a server
// sends, and bundles whose changes are large are verified as they arrive.
package monitor
