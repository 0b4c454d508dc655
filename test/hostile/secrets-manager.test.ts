/** The real store of Secrets Manager on an endpoint that answers with everything that can go wrong. */
import { beforeAll, describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import { fakeCredentials } from "../contracts/secrets-manager.ts";
import { HostileAws, SECRET } from "../support/hostile-aws.ts";
import { layOut, type Spoil } from "../support/hostile-front.ts";
import { changed, drip, drop, flood, json, page, reply, silence, text } from "../support/hostile-spoils.ts";
import { ACTIONS, type Action, delivery, expectDelivered } from "./deliveries.ts";
import { isTried } from "./long-form.ts";

beforeAll(fakeCredentials);

const aws = (name: string, status = 400, ...headers: readonly string[]): Spoil =>
  reply({ status: `${status} x`, headers, body: JSON.stringify({ __type: name, Message: "as the test asked" }) });

interface StoreCase {
  readonly name: string;
  readonly spoil: Spoil;
  readonly code: ErrorCode;
  readonly on?: readonly Action[];
  readonly timeout?: string;
}

const READS = ["DescribeSecret", "GetSecretValue"] as const;
const TYPES: readonly unknown[] = [null, 5, "x", [], {}, [null], { x: 5 }];
const anyText = JSON.stringify;

const CASES: readonly StoreCase[] = [
  { name: "500", spoil: aws("InternalServiceError", 500), code: "store_error" },
  { name: "a page with 503", spoil: page("503 x", "Retry-After: 1"), code: "store_error", on: ["PutSecretValue"] },
  { name: "throttling", spoil: aws("ThrottlingException"), code: "store_throttled", on: ["PutSecretValue"] },
  { name: "a page with 429", spoil: page("429 x", "Retry-After: 1"), code: "store_throttled", on: ["PutSecretValue"] },
  { name: "a redirect", spoil: page("302 x", "Location: http://127.0.0.1:1/"), code: "store_error" },
  { name: "a page with 200", spoil: page("200 OK"), code: "store_error", on: [...READS, "PutSecretValue"] },
  { name: "half the JSON", spoil: text((body) => body.slice(0, 10)), code: "store_error", on: READS },
  { name: "a number", spoil: text(() => "5"), code: "store_error", on: [] },
  { name: "silence", spoil: silence, code: "store_timeout", timeout: "150ms" },
  { name: "a body that drips", spoil: drip("body"), code: "store_timeout", on: READS, timeout: "150ms" },
  { name: "a reset", spoil: drop, code: "store_unreachable" },
  {
    name: "denial",
    spoil: aws("AccessDeniedException"),
    code: "store_denied",
    on: ["DescribeSecret", "PutSecretValue"],
  },
  { name: "expired credentials", spoil: aws("ExpiredTokenException"), code: "store_credentials" },
  { name: "an error named __proto__", spoil: aws("__proto__"), code: "store_invalid", on: ["PutSecretValue"] },
  { name: "an error named toString", spoil: aws("toString"), code: "store_invalid", on: ["PutSecretValue"] },
  {
    name: "SecretBinary",
    spoil: json((answer: object) => ({ ...answer, SecretString: undefined, SecretBinary: "AQID" })),
    code: "store_invalid",
    on: ["GetSecretValue"],
  },
];

describe.each(ACTIONS)("%s", (action) => {
  const cases = CASES.filter(({ on = ACTIONS }) => on.includes(action));

  it.each(cases)("that answers a delivery with $name is $code; the secret stays as it is", async (given) => {
    await using bench = await HostileAws.start(given.timeout === undefined ? {} : { timeout: given.timeout });
    const { world, front } = bench;
    await delivery(bench, action, given.spoil);
    const [failed] = world.told("target:failed");
    expect(failed?.code).toBe(given.code);
    expect(bench.trail).toEqual([world.made[0]]);
    const isRead = action === "DescribeSecret" || action === "GetSecretValue";
    expect(front.count(action)).toBeLessThanOrEqual(isRead ? 3 : 1);
    await expectDelivered(bench);
  });
});

describe("before anything is asked of the issuer", () => {
  it.each<readonly [string, Action, Spoil, ErrorCode]>([
    ["500", "DescribeSecret", aws("InternalServiceError", 500), "store_error"],
    ["denial", "DescribeSecret", aws("AccessDeniedException"), "store_denied"],
    ["a page with 200", "GetSecretValue", page("200 OK"), "store_error"],
  ])("%s at %s keeps the issuer from being asked; a few tries an hour", async (_, action, spoil, code) => {
    await using bench = await HostileAws.start();
    const { world, front } = bench;
    front.spoil(action, spoil);
    await world.run(HOUR_MS - 1);
    expect(world.told("renewal:failed")[0]?.code).toBe(code);
    expect(world.front.count("renew")).toBe(0);
    expect(world.told("renewal:failed").length).toBeLessThanOrEqual(6);
    expect(front.seen.length).toBeLessThanOrEqual(60);
    expect(bench.trail).toEqual(world.made);
    await expectDelivered(bench);
  });
});

describe("lies", () => {
  const other = (answer: object): object => ({ ...answer, SecretString: "somebody else's" });

  it("about the version that was just staged keep it from being promoted", async () => {
    await using bench = await HostileAws.start();
    let reads = 0;
    const lie: Spoil = (exchange) => (++reads === 3 ? json(other) : changed((answer) => answer))(exchange);
    await delivery(bench, "GetSecretValue", lie);
    expect(bench.world.told("target:failed")[0]?.code).toBe("store_mismatch");
    expect(bench.front.count("UpdateSecretVersionStage")).toBe(0);
    expect(bench.trail).toEqual([bench.world.made[0]]);
    await expectDelivered(bench);
  });

  it("about AWSCURRENT after the promotion are told, and cause no second version", async () => {
    await using bench = await HostileAws.start();
    const { world, fake } = bench;
    const [old] = world.made;
    const lie = json((answer: object) => ({ ...answer, SecretString: old }));
    await delivery(bench, "UpdateSecretVersionStage", async (exchange) => {
      bench.front.spoil("GetSecretValue", lie);
      exchange.socket.end(layOut(await exchange.truth()));
    });
    expect(world.told("target:failed")[0]?.code).toBe("store_not_visible");
    expect(bench.trail).toEqual(world.made);
    await expectDelivered(bench);
    expect(Object.values(fake.vault.versions(SECRET)).flat()).toHaveLength(3);
  });

  it("that there is no current version are refused by the promotion itself", async () => {
    await using bench = await HostileAws.start();
    const lie = json((answer: object) => ({ ...answer, VersionIdsToStages: {} }));
    await delivery(bench, "DescribeSecret", lie);
    expect(["store_conflict", "store_not_owned"]).toContain(bench.world.told("target:failed")[0]?.code);
    expect(bench.trail).toEqual([bench.world.made[0]]);
    await expectDelivered(bench);
  });

  it("that the secret is gone make no second one", async () => {
    await using bench = await HostileAws.start();
    await delivery(bench, "DescribeSecret", aws("ResourceNotFoundException"));
    expect(bench.world.told("target:failed")[0]?.code).toBe("store_conflict");
    expect(bench.trail).toEqual([bench.world.made[0]]);
    await expectDelivered(bench);
  });

  it("that a promotion failed which was done are found out", async () => {
    await using bench = await HostileAws.start();
    const lie = changed((answer) => ({ ...answer, status: "HTTP/1.1 500 Oops" }));
    await delivery(bench, "UpdateSecretVersionStage", lie);
    expect(bench.world.told("target:failed")).toEqual([]);
    await expectDelivered(bench);
  });

  it("that a promotion was done which was not are found out", async () => {
    await using bench = await HostileAws.start();
    await delivery(bench, "UpdateSecretVersionStage", reply({ body: "{}" }));
    expect(bench.world.told("target:failed")[0]?.code).toBe("store_not_visible");
    expect(bench.trail).toEqual([bench.world.made[0]]);
    await expectDelivered(bench);
  });
});

it.each(["DescribeSecret", "GetSecretValue", "PutSecretValue"] as const)(
  "100 MiB from %s are not read to the end",
  async (action) => {
    await using bench = await HostileAws.start();
    const flooded = { sentBytes: 0 };
    await delivery(bench, action, flood({}, flooded, '{"SecretString":"', "x"), 1);
    expect(bench.world.told("target:failed")[0]?.code).toBe("store_error");
    expect(flooded.sentBytes).toBeLessThan(24 * 1024 * 1024);
    await expectDelivered(bench);
  },
);

describe("a field of a wrong type", () => {
  const fields = [
    ["DescribeSecret", "Tags"],
    ["DescribeSecret", "VersionIdsToStages"],
    ["DescribeSecret", "DeletedDate"],
    ["GetSecretValue", "SecretString"],
    ["GetSecretValue", "VersionId"],
    ["PutSecretValue", "VersionStages"],
  ] as const;
  const cases = fields.flatMap(([action, field], place) =>
    TYPES.filter((_, index) => isTried(index, place % 2, 2)).map((value) => ({ action, field, value })),
  );

  it.each(cases.map((each) => ({ ...each, shown: anyText(each.value) })))(
    "$action $field $shown puts no wrong token anywhere",
    async ({ action, field, value }) => {
      await using bench = await HostileAws.start();
      const { world } = bench;
      await delivery(
        bench,
        action,
        json((answer: object) => ({ ...answer, [field]: value })),
      );
      expect([...bench.trail]).toEqual(world.made.slice(0, bench.trail.length));
      const codes = world.told("target:failed").map(({ code }) => code);
      expect(codes.filter((code) => !/^store_(error|conflict|not_owned|mismatch|unavailable)$/.test(code))).toEqual([]);
      await expectDelivered(bench);
    },
  );
});
