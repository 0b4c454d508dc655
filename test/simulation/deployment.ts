import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { DeclaredTarget, DeclaredToken } from "../../src/core/token.ts";
import { compileWindow } from "../../src/core/windows.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { AUDIENCE } from "./issuer-kinds.ts";
import type { Draw } from "./streams.ts";

/** So many tokens share an issuer. */
const TOKENS_PER_ISSUER = 25;
const STORES = 3;

/** How long tokens live, and how many of ten thousand live so long. Those of hours show that all is in time when nothing is wrong. */
const LIFETIMES: readonly (readonly [lifetimeMs: number, share: number])[] = [
  [6 * HOUR_MS, 3],
  [DAY_MS, 7],
  [2 * DAY_MS, 20],
  [7 * DAY_MS, 170],
  [14 * DAY_MS, 300],
  [30 * DAY_MS, 3_000],
  [60 * DAY_MS, 2_500],
  [90 * DAY_MS, 4_000],
];

export function issuerKeys(tokens: number): readonly string[] {
  return Array.from({ length: Math.ceil(tokens / TOKENS_PER_ISSUER) }, (_, index) => `issuer-${index + 1}`);
}

export function storeKeys(): readonly string[] {
  return Array.from({ length: STORES }, (_, index) => `store-${index + 1}`);
}

/** A declared token as operators declare them: drawn so that the settings would accept it. */
export function drawToken(draw: Draw, index: number): DeclaredToken {
  const lifetimeMs = drawLifetimeMs(draw);
  const key = `token-${index + 1}`;
  const labels = draw.chance(0.9) ? ["a"] : ["a", "b"];
  return {
    key,
    identity: key,
    issuer: `issuer-${Math.floor(index / TOKENS_PER_ISSUER) + 1}`,
    name: `name-of-${key}`,
    comment: null,
    labels: {},
    create: draw.chance(0.9),
    request: {
      lifetimeMs,
      roles: draw.chance(0.7) ? ["runner"] : ["runner", "viewer"],
      audience: AUDIENCE,
      subject: null,
      strategy: "replace",
      retire: false,
      detail: {},
    },
    policy: drawPolicy(draw, lifetimeMs),
    targets: labels.map((label) => drawTarget(draw, key, label, lifetimeMs)),
  };
}

function drawLifetimeMs(draw: Draw): number {
  let left = draw.below(10_000);
  for (const [lifetimeMs, share] of LIFETIMES) {
    left -= share;
    if (left < 0) return lifetimeMs;
  }
  return 30 * DAY_MS;
}

function drawPolicy(draw: Draw, lifetimeMs: number): Policy {
  return {
    key: "default",
    renewBefore: draw.chance(0.8) || lifetimeMs < 20 * DAY_MS ? { share: 1 / 3 } : { ms: 10 * DAY_MS },
    jitter: { share: draw.pick([0, 0.02, 0.05]) },
    repairMs: Math.min(DAY_MS, lifetimeMs / 6),
    renewEveryMs: null,
    windows: lifetimeMs >= 14 * DAY_MS && draw.chance(0.1) ? [draw.pick([OFFICE_HOURS, FIRST_OF_MONTH])] : [],
  };
}

/** Often none opens before `latest`: then it is overridden. */
const FIRST_OF_MONTH = compileWindow("30 2 1 * *", 4 * HOUR_MS, "America/St_Johns", compileCron);
const OFFICE_HOURS = compileWindow("0 9 * * mon-fri", 8 * HOUR_MS, "Europe/London", compileCron);

function drawTarget(draw: Draw, key: string, label: string, lifetimeMs: number): DeclaredTarget {
  return {
    label,
    identity: `${key}/${label}`,
    store: draw.pick(storeKeys()),
    address: {},
    format: { kind: "raw" },
    holdMs: Math.min(draw.stretch(MINUTE_MS, 12 * HOUR_MS), lifetimeMs / 12),
    propagationMs: Math.min(draw.stretch(MINUTE_MS, 15 * MINUTE_MS), lifetimeMs / 60),
    observeMs: Math.min(draw.stretch(DAY_MS, 6 * DAY_MS), lifetimeMs / 3),
    create: true,
    reload: draw.chance(0.1) ? { command: ["reload"], env: {}, timeoutMs: MINUTE_MS } : null,
  };
}
