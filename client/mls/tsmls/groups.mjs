// Groups made by ts-mls, for a Go program to read; and GroupInfo objects of a Go
// program's choice, for ts-mls to judge.
//
//   node groups.mjs make SUITE...   JSON on standard output: an array of groups
//   node groups.mjs compressed      a group of suite 2 with a key as ts-mls makes them
//   node groups.mjs judge           JSON lines {"suite", "group_info"} on standard
//                                   input; a JSON line {"error"} for each
import { webcrypto } from "node:crypto"
import { createInterface } from "node:readline"
import {
  ciphersuites, createCommit, createGroup, createGroupInfoWithExternalPub, createGroupInfoWithExternalPubAndRatchetTree,
  createProposal, decodeMlsMessage, defaultLifetime, emptyPskIndex, encodeMlsMessage, generateKeyPackageWithKey,
  getCiphersuiteFromName, getCiphersuiteImpl, joinGroup, joinGroupExternal, acceptAll, processMessage,
} from "ts-mls"
import { makeKeyPackageRef } from "ts-mls/keyPackage.js"
import { leafNodeTBSEncoder } from "ts-mls/leafNode.js"
import { encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { signWithLabel } from "ts-mls/crypto/signature.js"
import { encode } from "ts-mls/codec/tlsEncoder.js"
import { p256, p384, p521 } from "@noble/curves/nist.js"

globalThis.crypto ??= webcrypto // Node.js 18 has it under that name only

const hex = (bytes) => Buffer.from(bytes).toString("hex")
const bytes = (text) => new TextEncoder().encode(text)
const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"))

const implementation = (suite) => {
  const name = Object.keys(ciphersuites).find((n) => ciphersuites[n] === suite)
  return getCiphersuiteImpl(getCiphersuiteFromName(name))
}

const grease = [0x0a0a, 0xdada]
const capabilities = {
  versions: ["mls10"], ciphersuites: [...Object.keys(ciphersuites), "2570"], extensions: grease, proposals: grease,
  credentials: ["basic", "x509", "2570"],
}

// signatureKeys makes a key pair. ts-mls makes compressed points of NIST curves, and
// takes both kinds; RFC 9420, Section 5.1.1, has uncompressed ones.
async function signatureKeys(cs) {
  const pair = await cs.signature.keygen()
  const curve = { 2: p256, 5: p521, 7: p384 }[ciphersuites[cs.name]]
  return curve ? { ...pair, publicKey: curve.getPublicKey(pair.signKey, false) } : pair
}

class Client {
  static async make(cs, name, { credential, extensions = [], keys } = {}) {
    const client = new Client()
    const made = await generateKeyPackageWithKey(
      credential ?? { credentialType: "basic", identity: bytes(name) }, capabilities, defaultLifetime, extensions,
      keys ?? await signatureKeys(cs), cs, extensions)
    return Object.assign(client, { cs, name, publicPackage: made.publicPackage, privatePackage: made.privatePackage })
  }

  async create(groupId) {
    this.state = await createGroup(groupId, this.publicPackage, this.privatePackage, [], this.cs)
  }

  // commit commits what was proposed and more, and returns the commit and the welcome.
  async commit(...extraProposals) {
    const made = await createCommit({ state: this.state, cipherSuite: this.cs }, { extraProposals, wireAsPublicMessage: true })
    this.state = made.newState
    return made
  }

  async join(welcome, tree) {
    this.state = await joinGroup(welcome, this.publicPackage, this.privatePackage, emptyPskIndex, this.cs, tree)
  }

  async receive(message) {
    this.state = (await processMessage(message, this.state, emptyPskIndex, acceptAll, this.cs)).newState
  }

  // proposeUpdate proposes a new leaf node of this client. It cannot take part in
  // what comes after: ts-mls has nowhere to keep the new private key.
  async proposeUpdate() {
    const index = this.state.privatePath.leafIndex
    const old = this.state.ratchetTree[2 * index].leaf
    const pair = await this.cs.hpke.generateKeyPair()
    const leaf = {
      hpkePublicKey: await this.cs.hpke.exportPublicKey(pair.publicKey), signaturePublicKey: old.signaturePublicKey,
      credential: old.credential, capabilities: old.capabilities, leafNodeSource: "update", extensions: old.extensions,
    }
    const tbs = encode(leafNodeTBSEncoder)({ ...leaf, groupId: this.state.groupContext.groupId, leafIndex: index })
    leaf.signature = await signWithLabel(this.privatePackage.signaturePrivateKey, "LeafNodeTBS", tbs, this.cs.signature)
    const made = await createProposal(this.state, true, { proposalType: "update", update: { leafNode: leaf } }, this.cs)
    return made.message
  }
}

const add = (client) => ({ proposalType: "add", add: { keyPackage: client.publicPackage } })
const remove = (index) => ({ proposalType: "remove", remove: { removed: index } })

// describe says what a member's client knows of its group.
async function describe(what, client, withTree = true) {
  const { state, cs } = client
  const extra = grease.map((extensionType) => ({ extensionType, extensionData: bytes("grease") }))
  const make = withTree ? createGroupInfoWithExternalPubAndRatchetTree : createGroupInfoWithExternalPub
  const groupInfo = await make(state, extra, cs)
  const leaves = state.ratchetTree.flatMap((n, i) => n?.nodeType !== "leaf" ? [] : [{
    index: i / 2, type: n.leaf.credential.credentialType,
    identities: (n.leaf.credential.certificates ?? [n.leaf.credential.identity]).map(hex),
    signature_key: hex(n.leaf.signaturePublicKey), encryption_key: hex(n.leaf.hpkePublicKey), source: n.leaf.leafNodeSource,
  }])
  return {
    what, suite: ciphersuites[cs.name], suite_name: cs.name,
    group_info: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo })),
    tree: hex(encodeRatchetTree(state.ratchetTree)), leaf_count: (state.ratchetTree.length + 1) / 2,
    group_id: hex(state.groupContext.groupId), epoch: Number(state.groupContext.epoch),
    tree_hash: hex(state.groupContext.treeHash), signer: groupInfo.signer, leaves,
  }
}

// groups makes one group and returns it in its epochs.
async function groups(suite) {
  const cs = await implementation(suite)
  const greased = grease.map((extensionType) => ({ extensionType, extensionData: bytes(`grease ${extensionType}`) }))
  const certificates = [bytes("first certificate"), bytes("second certificate")]
  const names = ["alice@example.org", "bob@example.org", "carol@example.org", "dave@example.org", "Erin@Example.org"]
  const members = await Promise.all(names.map((name) => Client.make(cs, name)))
  members.push(await Client.make(cs, "alice@example.org", { extensions: greased })) // a second device
  const certified = await Client.make(cs, "", { credential: { credentialType: "x509", certificates } })
  const [alice, bob, carol, dave] = members
  const epochs = []
  await alice.create(bytes(`group of suite ${suite}`))
  epochs.push(await describe("one member", alice))
  const added = await alice.commit(...members.slice(1).map(add))
  for (const m of [bob, carol, dave]) await m.join(added.welcome, alice.state.ratchetTree)
  epochs.push(await describe("six members", alice))
  const everyone = async (message, ...clients) => { for (const c of clients) await c.receive(message) }
  // Carol's leaf, in the middle, becomes blank.
  await everyone((await alice.commit(remove(2))).commit, bob, dave)
  epochs.push(await describe("one removed", bob))
  // Bob's leaf becomes one of a commit.
  await everyone((await bob.commit()).commit, alice, dave)
  epochs.push(await describe("a commit by another", bob))
  // Dave's leaf becomes one of an update.
  await everyone(await dave.proposeUpdate(), alice, bob)
  await everyone((await alice.commit()).commit, bob)
  epochs.push(await describe("an update", bob))
  // The leaf that was carol's is taken again, with unmerged leaves above it.
  await everyone((await bob.commit(add(certified))).commit, alice)
  epochs.push(await describe("a certificate at a leaf that was blank", alice))
  // The two at the right end go, and the tree becomes smaller.
  await everyone((await alice.commit(remove(4), remove(5))).commit, bob)
  epochs.push(await describe("a smaller tree", bob))
  epochs.push(await describe("the tree beside it", alice, false))
  const keyPackages = await Promise.all([...members, certified].map(async ({ publicPackage: keyPackage }) => ({
    key_package: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage })),
    ref: hex(await makeKeyPackageRef(keyPackage, cs.hash)), signature_key: hex(keyPackage.leafNode.signaturePublicKey),
    init_key: hex(keyPackage.initKey),
  })))
  return { suite, epochs, key_packages: keyPackages }
}

// judge reports what ts-mls finds wrong with a GroupInfo that it is to join by.
async function judge({ suite, group_info: encoded }) {
  try {
    const cs = await implementation(suite)
    const data = unhex(encoded)
    const decoded = decodeMlsMessage(data, 0)
    if (decoded === undefined) return "not an MLSMessage"
    const [message, length] = decoded
    if (length !== data.length) return "something after the end"
    if (message.wireformat !== "mls_group_info") return `a ${message.wireformat}`
    const joiner = await Client.make(cs, "joiner@example.org")
    await joinGroupExternal(message.groupInfo, joiner.publicPackage, joiner.privatePackage, false, cs)
    return ""
  } catch (error) {
    return String(error?.message ?? error) || "an error"
  }
}

const [mode, ...args] = process.argv.slice(2)
if (mode === "make") {
  const made = []
  for (const suite of args) made.push(await groups(Number(suite)))
  console.log(JSON.stringify(made))
} else if (mode === "compressed") {
  const cs = await implementation(2)
  const client = await Client.make(cs, "alice@example.org", { keys: await cs.signature.keygen() })
  await client.create(bytes("group"))
  console.log(JSON.stringify(await describe("a compressed point", client)))
} else if (mode === "judge") {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify({ error: await judge(JSON.parse(line)) }))
  }
} else {
  console.error("usage: node groups.mjs make SUITE... | compressed | judge")
  process.exitCode = 2
}
