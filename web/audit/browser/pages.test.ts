import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { checkAccessible, checkKeyboard, checkNarrow } from "./checks.js";
import { launch, openTab, visit, type Size, type Theme } from "./chromium.js";
import { address, pages, type PageCase } from "./pages.js";
import { startWorld, type World } from "./world.js";
