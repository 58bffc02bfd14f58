// The package as npm would publish it: what is in it, and that programs can use it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

import { Client } from "../src/index.js";
import { temporary } from "./world/directory.js";

const source = join(import.meta.dirname, "..", "..");
const modules = join(source, "..", "node_modules");

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
const readme = readFileSync(join(source, "README.md"), "utf8");

const dir = temporary();
/** A program's folder, with the package and what it depends on in node_modules. */
const app = join(dir, "app");
const installed = join(app, "node_modules", "@ghostlight", "client");
let files: string[];

function must(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (error) throw error;
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

const tsc = (cwd: string, ...args: string[]) =>
  must(cwd, process.execPath, join(modules, "typescript", "bin", "tsc"), ...args);

before(() => {
  const made = join(dir, "made");
  tsc(source, "-p", "tsconfig.json", "--outDir", join(made, "dist"));
  for (const name of ["package.json", "README.md", "LICENSE"]) cpSync(join(source, name), join(made, name));
  const [packed] = JSON.parse(must(made, "npm", "pack", "--json", "--ignore-scripts", "--offline")) as {
    filename: string;
    files: { path: string }[];
  }[];
  assert.ok(packed);
  files = packed.files.map((f) => f.path);
  mkdirSync(installed, { recursive: true });
  must(made, "tar", "-xzf", packed.filename, "-C", installed, "--strip-components", "1");
  symlinkSync(join(modules, "@noble"), join(app, "node_modules", "@noble"));
  writeFileSync(join(app, "package.json"), '{"type":"module"}');
});

test("the package has what was compiled, and texts", () => {
  const others = files.filter((f) => !/^dist\/[a-z0-9/-]+\.(js|d\.ts|js\.map)$/.test(f)).sort();
  assert.deepEqual(others, ["LICENSE", "README.md", "package.json"]);
  for (const f of files) {
    if (f.endsWith(".js")) assert.ok(files.includes(f.replace(/\.js$/, ".d.ts")), `${f} has no types`);
  }
});

test("the license is the repository's", () => {
  const license = (dir: string) => readFileSync(join(dir, "LICENSE"), "utf8");
  assert.equal(license(source), license(join(source, "..", "..")));
});

test("every sub-path has types and a module in the package, and is in the README", () => {
  for (const [path, { types, default: module }] of Object.entries(manifest.exports)) {
    for (const file of [types, module]) {
      assert.ok(file && files.includes(file.replace(/^\.\//, "")), `${path}: ${file}`);
    }
    assert.ok(readme.includes(`\`${path}\``), `the README does not tell of ${path}`);
  }
});

test("the README tells of everything that a Client has", () => {
  const internal = ["constructor", "operate"];
  const names = Object.getOwnPropertyNames(Client.prototype).filter((n) => !internal.includes(n));
  for (const name of names) assert.ok(readme.includes(`\`${name}\``), name);
});

test("it imports nothing but itself and what it depends on", () => {
  for (const f of files.filter((f) => f.endsWith(".js"))) {
    const text = readFileSync(join(installed, f), "utf8");
    for (const [, from = ""] of text.matchAll(/^(?:import|export) [^;]*?from "([^"]+)";$/gms)) {
      const name = from.split("/").slice(0, 2).join("/");
      assert.ok(from.startsWith(".") || name in manifest.dependencies, `${f} imports ${from}`);
    }
  }
});

test("a program can use it", () => {
  const program = `
    const found = {};
    for (const path of ${JSON.stringify(Object.keys(manifest.exports))}) {
      found[path] = Object.keys(await import("@ghostlight/client" + path.slice(1))).length;
    }
    const { Client, MemoryStore, Refusal, parseConfiguration } = await import("@ghostlight/client");
    let refusal;
    try {
      parseConfiguration(new Uint8Array(3));
    } catch (error) {
      refusal = error instanceof Refusal && error.kind;
    }
    const fetch = async () => { throw new TypeError("no network"); };
    const transport = { retries: 0 };
    const directory = "https://keys.example.org";
    const failure = await Client.open({ directory, store: new MemoryStore(), fetch, transport }).catch((e) => e);
    console.log(JSON.stringify({ found, refusal, failure: [failure.kind, failure.step] }));`;
  writeFileSync(join(app, "program.js"), program);
  const { found, refusal, failure } = JSON.parse(must(app, process.execPath, "program.js")) as {
    found: Record<string, number>;
    refusal: string;
    failure: string[];
  };
  assert.deepEqual(Object.keys(found), Object.keys(manifest.exports));
  for (const [path, count] of Object.entries(found)) assert.ok(count > 0, `${path} exports nothing`);
  assert.equal(refusal, "malformed");
  assert.deepEqual(failure, ["undecided", "fetching the configuration"]);
});

test("the README's examples compile against the package, and wrong ones do not", () => {
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = ""]) => text);
  assert.ok(examples.length >= 2);
  examples.forEach((text, i) => writeFileSync(join(app, `example${i}.ts`), text));
  const options = [
    "--noEmit",
    "--strict",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--lib",
    "es2022,dom",
  ];
  const compile = (...sources: string[]) => tsc(app, ...options, "--types", "", ...sources);
  compile(...examples.map((_, i) => `example${i}.ts`));
  writeFileSync(join(app, "wrong.ts"), 'import { Client } from "@ghostlight/client";\nClient.open({});\n');
  assert.throws(() => compile("wrong.ts"), /TS2739/);
});
