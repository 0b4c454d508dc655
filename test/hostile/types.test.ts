/** Every field of every answer, with a value of every wrong type in it. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import { json, text } from "../support/hostile-spoils.ts";
import type { Spoil } from "../support/hostile-front.ts";
import { HostileWorld } from "../support/hostile-world.ts";
import { expectClean, expectRecovery, type SpoiltCall } from "./attack.ts";
import { isTried } from "./long-form.ts";

const VALUES = {
  missing: undefined,
  null: null,
  true: true,
  zero: 0,
  "a fraction": 1.5,
  negative: -1,
  "1e15": 1e15,
  "an empty text": "",
  "a text": "text",
  "an empty list": [],
  "a list in a list": [[]],
  "an object": {},
} as const;

type Value = keyof typeof VALUES;

/** `fine`: it is not needed, or another way leads to the true token. */
type Outcome = ErrorCode | "fine";

interface Field {
  readonly call: SpoiltCall;
  readonly path: readonly (string | number)[];
  /** What is not `issuer_answer_invalid`. */
  readonly but: Readonly<Partial<Record<Value | "any", Outcome>>>;
}

const FIELDS: readonly Field[] = [
  { call: "sign_in", path: ["logged_in"], but: { true: "fine" } },
  { call: "sign_in", path: ["is_admin"], but: { any: "fine" } },
  { call: "servers", path: [0], but: {} },
  { call: "servers", path: [0, "id"], but: { zero: "server_unknown" } },
  { call: "servers", path: [0, "server_name"], but: { "an empty text": "server_unknown", "a text": "server_unknown" } },
  { call: "list", path: [0], but: {} },
  { call: "list", path: [0, "id"], but: { zero: "token_absent" } },
  // A row that is not of our name, or holds nothing that can be read, is none; then a token is minted anew.
  { call: "list", path: [0, "name"], but: { "an empty text": "fine", "a text": "fine" } },
  { call: "list", path: [0, "token"], but: { "an empty text": "fine", "a text": "fine" } },
  { call: "list", path: [0, "roles"], but: { missing: "fine", "an empty list": "fine" } },
  { call: "list", path: [0, "roles", 0], but: {} },
  { call: "list", path: [0, "roles", 0, "name"], but: { "an empty text": "fine", "a text": "fine" } },
  { call: "list", path: [0, "expires"], but: { any: "fine" } },
  { call: "renew", path: ["token"], but: {} },
  { call: "renew", path: ["id"], but: { missing: "fine", zero: "fine" } },
];

function outcomeOf({ but, path }: Field, value: Value): Outcome {
  // What is undefined in a list is written as null.
  if (value === "missing" && typeof path.at(-1) === "number") return "issuer_answer_invalid";
  return but[value] ?? but.any ?? "issuer_answer_invalid";
}

function withValue(answer: unknown, path: Field["path"], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(answer)) {
    return answer.map((each: unknown, index) => (index === key ? withValue(each, rest, value) : each));
  }
  const fields = { ...(answer as Record<string, unknown>) };
  fields[key] = withValue(fields[key], rest, value);
  return fields;
}

async function survives(call: SpoiltCall, spoil: Spoil, outcome: Outcome): Promise<void> {
  await using world = await HostileWorld.start();
  await world.untilDue();
  const [old] = world.made;
  world.front.spoil(call, spoil);
  await world.run(HOUR_MS - 1);
  expect(world.told("renewal:failed")[0]?.code ?? "fine").toBe(outcome);
  const isDone = outcome === "fine" || call === "renew";
  expect(world.fake.written).toEqual(isDone ? [old, world.made[1]] : [old]);
  expect(world.made).toHaveLength(isDone ? 2 : 1);
  world.front.heal();
  if (!isDone) await expectRecovery(world);
  expect(world.made).toHaveLength(2);
  expect(world.fake.written).toEqual(world.made);
  expectClean(world);
}

describe.each(
  FIELDS.map((field, place) => ({ ...field, name: `${field.call} ${field.path.join(".")}`, field, place })),
)("$name", ({ call, path, field, place }) => {
  const values = (Object.keys(VALUES) as Value[])
    // The bounds of an id are its own.
    .filter((_value, index) => path.at(-1) === "id" || isTried(index, place % 3, 3))
    .map((value) => [value, outcomeOf(field, value)] as const);

  it.each(values)("that is %s is %s", (value, outcome) =>
    survives(
      call,
      json((answer) => withValue(answer, path, VALUES[value])),
      outcome,
    ),
  );
});

describe("a key that stands twice counts as its last one, which is proved like any", () => {
  const twice = (key: string, first: string): Spoil => text((body) => body.replace("{", `{"${key}":${first},`));
  const last = (key: string, value: string): Spoil => text((body) => body.replace(/\}(\]?)$/, `,"${key}":${value}}$1`));

  it.each<readonly [name: string, call: SpoiltCall, spoil: Spoil, outcome: Outcome]>([
    ["token, the first one forged", "renew", twice("token", '"a.b.c"'), "fine"],
    ["token, the last one forged", "renew", last("token", '"a.b.c"'), "token_rejected"],
    ["id, the last one another row's", "renew", last("id", "1"), "fine"],
    ["logged_in, the last one false", "sign_in", last("logged_in", "false"), "issuer_answer_invalid"],
    ["server_name, the last one another", "servers", last("server_name", '"other"'), "server_unknown"],
    ["id of the server, the last one another's", "servers", last("id", "4"), "server_unknown"],
    ["__proto__ and the true ones", "renew", twice("__proto__", '{"polluted":1,"token":"a.b.c"}'), "fine"],
    ["constructor and the true ones", "list", twice("constructor", '{"prototype":{"polluted":1}}'), "fine"],
    ["toString and the true ones", "servers", twice("toString", "null"), "fine"],
  ])("%s at %s", (_, call, spoil, outcome) => survives(call, spoil, outcome));
});
