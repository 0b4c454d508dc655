import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Place, Store } from "../../../src/core/ports.ts";
import type { TargetFormat } from "../../../src/core/token.ts";
import { awsOptionsFor, awsType, fakeCredentials, Neighbour } from "../../contracts/secrets-manager.ts";
import { failure, openStore, targetAt, tokenNamed } from "../../contracts/store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startSecretsManager, type SecretsManagerFake } from "../../support/secrets-manager/index.ts";

const NEVER = new AbortController().signal;
const NAME = "airflow/variables/FLOWAPI_TOKEN";
const [old, fresh, other] = [tokenNamed("old"), tokenNamed("fresh"), tokenNamed("other")];

let fake: SecretsManagerFake;
let neighbour: Neighbour;
let store: Store;
let place: Place;
let told: string[];

beforeEach(async () => {
  fakeCredentials();
  fake = await startSecretsManager();
  neighbour = new Neighbour(fake.url);
  told = [];
  store = openStore(awsType(), awsOptionsFor(fake.url), { called: (...call) => void told.push(call.join(" ")) });
  await neighbour.create(NAME, old.reveal());
  place = store.open(targetAt({ secret: NAME }));
  fake.calls.splice(0);
});
afterEach(async () => {
  await store.close();
  await fake.close();
});

const write = (version: string | null = null): Promise<void> =>
  place.write(fresh, { version, adopt: false, signal: NEVER });
const actions = (): readonly string[] => fake.calls.map(({ action }) => action);

describe("the calls of a write", () => {
  const ALL = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "GetSecretValue", "UpdateSecretVersionStage"];

  it("are these, each told to the counter", async () => {
    await write();
    expect(actions()).toEqual(ALL);
    expect(told).toEqual(ALL.map((action) => `${action} 200`));
  });

  it("are one look and nothing else when our version is current", async () => {
    await write();
    fake.calls.splice(0);
    await write();
    expect(actions()).toEqual(["DescribeSecret"]);
  });

  it("need no promotion for the first version of a secret, which is current at once", async () => {
    await neighbour.create("empty", undefined);
    fake.calls.splice(0);
    place = store.open(targetAt({ secret: "empty" }));
    await write();
    expect(actions()).toEqual(["DescribeSecret", "PutSecretValue", "GetSecretValue"]);
  });

  it("repeat reads that failed by the way, and tell the outcome", async () => {
    fake.fault("DescribeSecret", { kind: "error", name: "InternalServiceError", status: 500 });
    await write();
    expect(actions().slice(0, 2)).toEqual(["DescribeSecret", "DescribeSecret"]);
    expect(told[0]).toBe("DescribeSecret 200");
  });

  it.each(["PutSecretValue", "UpdateSecretVersionStage"])("send %s once, whatever comes back", async (action) => {
    fake.fault(action, { kind: "error", name: "ThrottlingException" });
    await failure(write(), "store_throttled");
    expect(actions().filter((each) => each === action)).toHaveLength(1);
    expect(fake.vault.text(NAME)).toBe(old.reveal());
  });
});

describe("a promotion", () => {
  it("counts as done when only its answer was lost", async () => {
    fake.fault("UpdateSecretVersionStage", { kind: "lost" });
    await write();
    expect(fake.vault.text(NAME)).toBe(fresh.reveal());
    expect(actions().filter((action) => action === "UpdateSecretVersionStage")).toHaveLength(1);
    expect(fake.vault.trail(NAME)).toEqual([old.reveal(), fresh.reveal()]);
  });

  it("is a failure when it never arrived", async () => {
    fake.fault("UpdateSecretVersionStage", { kind: "dropped" });
    await failure(write(), "store_unreachable");
    expect(fake.vault.text(NAME)).toBe(old.reveal());
  });

  it("does not overwrite a value that another writer put there meanwhile", async () => {
    const run = (): Promise<unknown> => neighbour.put(NAME, other.reveal());
    fake.fault("UpdateSecretVersionStage", { kind: "before", run });
    await failure(write(), "store_conflict");
    expect(fake.vault.text(NAME)).toBe(other.reveal());
    await write();
    expect(fake.vault.trail(NAME)).toEqual([old, other, fresh].map((token) => token.reveal()));
  });

  it("loses no key that another writer added to the JSON meanwhile", async () => {
    const name = "shared";
    await neighbour.create(name, `{"A":"1"}`);
    const run = (): Promise<unknown> => neighbour.put(name, `{"A":"1","B":"2"}`);
    fake.fault("UpdateSecretVersionStage", { kind: "before", run });
    place = store.open(targetAt({ secret: name }, { kind: "json", key: "TOKEN" }));
    await failure(write(), "store_conflict");
    await write();
    expect(JSON.parse(fake.vault.text(name) ?? "")).toEqual({ A: "1", B: "2", TOKEN: fresh.reveal() });
  });

  it("is not tried when the staged version reads back as something else", async () => {
    const run = (): unknown => fake.fault("GetSecretValue", { kind: "page", status: 200 }, 3);
    fake.fault("PutSecretValue", { kind: "before", run });
    const error = await failure(write(), "store_error");
    expect(error.message).not.toMatch(/html|Sign in/);
    expect(actions()).not.toContain("UpdateSecretVersionStage");
    expect(fake.vault.text(NAME)).toBe(old.reveal());
  });
});

describe("without permission to read", () => {
  beforeEach(() => fake.fault("GetSecretValue", { kind: "error", name: "AccessDeniedException" }, Infinity));

  it("writes, and knows its own version by the id alone", async () => {
    expect(await place.observe(NEVER)).toMatchObject({ state: "sealed", fingerprint: null });
    await write();
    expect(fake.vault.text(NAME)).toBe(fresh.reveal());
    expect(await place.observe(NEVER)).toMatchObject({ state: "sealed", fingerprint: fresh.fingerprint });
    await place.preflight(NEVER);
  });

  it("refuses to change one key of a text", async () => {
    place = store.open(targetAt({ secret: NAME }, { kind: "json", key: "TOKEN" }));
    await failure(place.preflight(NEVER), "store_denied");
    await failure(write(), "store_denied");
    expect(actions()).not.toContain("PutSecretValue");
  });
});

describe("secrets that something else changes", () => {
  it.each([
    ["is rotated by Secrets Manager", { rotationEnabled: true }],
    ["is managed by another service", { owningService: "rds" }],
  ])("a secret that %s is read, and not written", async (_, change) => {
    fake.vault.alter(NAME, change);
    expect((await place.observe(NEVER)).state).toBe("holds");
    await failure(place.preflight(NEVER), "store_unavailable");
    await failure(write(), "store_unavailable");
    expect(fake.vault.text(NAME)).toBe(old.reveal());
  });

  it("is a conflict when somebody creates the secret a moment before us", async () => {
    place = store.open(targetAt({ secret: "new" }));
    fake.fault("CreateSecret", { kind: "before", run: () => neighbour.create("new", other.reveal()) });
    await failure(write(), "store_conflict");
    expect(fake.vault.text("new")).toBe(other.reveal());
  });

  it("uses the declared key for what it creates", async () => {
    const keyed = openStore(awsType(), { ...awsOptionsFor(fake.url), kms_key: "alias/tokens" });
    place = keyed.open(targetAt({ secret: "new" }));
    await write();
    expect(fake.vault.kmsKey("new")).toBe("alias/tokens");
    await keyed.close();
  });
});

describe("errors", () => {
  const TABLE: readonly (readonly [string, number, ErrorCode])[] = [
    ["AccessDeniedException", 400, "store_denied"],
    ["ResourceNotFoundException", 400, "store_absent"],
    ["InvalidRequestException", 400, "store_unavailable"],
    ["InvalidParameterException", 400, "store_invalid"],
    ["LimitExceededException", 400, "store_quota"],
    ["EncryptionFailure", 400, "store_key_unusable"],
    ["DecryptionFailure", 400, "store_key_unusable"],
    ["ResourceExistsException", 400, "store_mismatch"],
    ["ThrottlingException", 400, "store_throttled"],
    ["ExpiredTokenException", 400, "store_credentials"],
    ["UnrecognizedClientException", 400, "store_credentials"],
    ["InternalServiceError", 500, "store_error"],
    ["ServiceUnavailable", 503, "store_error"],
    ["NobodyKnowsThis", 418, "store_invalid"],
  ];

  it.each(TABLE)("%s (%d) on a write is %s", async (name, status, code) => {
    fake.fault("PutSecretValue", { kind: "error", name, status, message: `see ${fresh.reveal()}` });
    const error = await failure(write(), code);
    expect(error.message).not.toContain("eyJ");
    expect(error.cause).toBeUndefined();
    expect(told.at(-1)).toBe(`PutSecretValue ${status}`);
    expect(fake.vault.text(NAME)).toBe(old.reveal());
  });

  it("ends a call that is never answered, by the SDK's own limit", async () => {
    // The clock stands still, so our limit around the call cannot be what ends it.
    const around = { clock: new FakeClock(), called: (...call: string[]) => void told.push(call.join(" ")) };
    const hasty = openStore(awsType(), { ...awsOptionsFor(fake.url), timeout: "200ms" }, around);
    place = hasty.open(targetAt({ secret: NAME }));
    fake.fault("PutSecretValue", { kind: "hang" });
    await failure(write(), "store_timeout");
    expect(told.at(-1)).toBe("PutSecretValue store_timeout");
    await hasty.close();
  });

  it("ends a call by our own limit where the SDK's does not reach", async () => {
    const clock = new FakeClock();
    const patient = openStore(awsType(), { ...awsOptionsFor(fake.url), timeout: "10m" }, { clock });
    place = patient.open(targetAt({ secret: NAME }));
    fake.fault("DescribeSecret", { kind: "before", run: () => clock.advance(30 * 60_000) });
    await failure(place.preflight(NEVER), "store_timeout");
    await patient.close();
  });

  it("ends a call when its signal says so", async () => {
    const over = new AbortController();
    fake.fault("PutSecretValue", { kind: "before", run: () => over.abort() });
    await failure(place.write(fresh, { version: null, adopt: false, signal: over.signal }), "store_timeout");
    expect(actions()).not.toContain("UpdateSecretVersionStage");
  });

  it("knows that nothing was sent when nobody listens", async () => {
    await fake.close();
    const error = await failure(place.preflight(NEVER), "store_unreachable");
    expect(error.sent).toBe(false);
    fake = await startSecretsManager();
  });
});

describe("a process that dies in a write", () => {
  const JSON_KEY: TargetFormat = { kind: "json", key: "TOKEN" };
  const CASES: readonly (readonly [string, string, TargetFormat, string | null])[] = [
    ["replacing a token", "replaced", { kind: "raw" }, old.reveal()],
    ["changing a key", "shared", JSON_KEY, `{"A":"1","TOKEN":"${old.reveal()}"}`],
    ["making a secret", "made", { kind: "raw" }, null],
  ];

  it.each(CASES)("%s, after or before any call, is repeated to the same end", async (_, secret, format, text) => {
    let lived = false;
    for (let call = 0; !lived; call += 1) {
      for (const last of ["lost", "dropped"] as const) {
        const name = `${secret}-${call}-${last}`;
        if (text !== null) await neighbour.create(name, text);
        place = store.open(targetAt({ secret: name }, format));
        const { version } = await place.observe(NEVER);
        fake.fault("*", { kind: "before", run: () => {} }, call);
        fake.fault("*", { kind: last });
        fake.fault("*", { kind: "dropped" }, Infinity);
        lived = await write(version).then(
          () => true,
          () => false,
        );
        fake.clearFaults();
        await write(version);
        const end = text === null ? fresh.reveal() : text.replace(old.reveal(), fresh.reveal());
        expect(fake.vault.trail(name)).toEqual(text === null ? [end] : [text, end]);
        const labelled = Object.values(fake.vault.versions(name)).flat().sort();
        expect(labelled).toEqual(text === null ? ["AWSCURRENT"] : ["AWSCURRENT", "AWSPREVIOUS", "RENEWD_PENDING"]);
      }
    }
  });
});
