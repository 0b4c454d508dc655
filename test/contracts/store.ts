/**
 * What every store must do: the sentences of `Store` and `Place` in src/core/ports.ts as tests. A check that a foreign
 * server cannot answer truly is named in `cannot` with its reason, and reported as skipped.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RenewdError, type ErrorCode } from "../../src/core/errors.ts";
import type { Clock, Place, Store, StoreType } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { DeclaredTarget, TargetFormat } from "../../src/core/token.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";

export type Address = Readonly<Record<string, unknown>>;

/** A store at work, with the means to look at it as its consumers and other writers do. */
export interface StoreSubject {
  /** As `storeTypes` has it. */
  readonly type: StoreType;
  readonly options: unknown;
  /** Of a secret that nobody used yet. */
  newAddress(): Address;
  /** Another writer makes or replaces the whole text. */
  put(address: Address, text: string): Promise<void>;
  /** As `put`, for a new secret, with the mark of another tool; absent where secrets carry no marks. */
  putOfAnother?(address: Address, text: string): Promise<void>;
  /** The whole text as consumers read it; null when there is none. */
  text(address: Address): Promise<string | null>;
  /** The whole text before the last write. */
  previous(address: Address): Promise<string | null>;
  close(): Promise<void>;
}

export type Cannot = Readonly<Record<string, string>>;

const RAW: TargetFormat = { kind: "raw" };
const NEVER = new AbortController().signal;
const GONE = AbortSignal.abort();

/** A token as long as FlowAuth's, different for each label. */
export function tokenNamed(label: string): SecretText {
  return new SecretText(`eyJhbGciOiJSUzI1NiJ9.${Buffer.from(label.repeat(40)).toString("base64url")}.c2lnbmF0dXJl`);
}

export function targetAt(address: Address, format: TargetFormat = RAW, create = true): DeclaredTarget {
  const times = { holdMs: 0, propagationMs: 0, observeMs: 0 };
  return { label: "t", identity: "", store: "s", address, format, ...times, create, reload: null };
}

/** What a test may set of a store's surroundings. */
export interface Around {
  readonly instance?: string;
  readonly called?: (call: string, status: string) => void;
  readonly clock?: Clock;
}

export function openStore(type: StoreType, options: unknown, around: Around = {}): Store {
  return type.create({
    key: "s",
    options: type.options.parse(options),
    instance: "test",
    clock: systemClock,
    random: systemRandom,
    readSecret: () => Promise.reject(new TypeError("no store of these reads a secret")),
    resolvePath: (path) => path,
    called: () => {},
    ...around,
  });
}

export async function failure(running: Promise<unknown>, code: ErrorCode): Promise<RenewdError> {
  const error: unknown = await running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RenewdError);
  expect((error as RenewdError).code, (error as RenewdError).message).toBe(code);
  return error as RenewdError;
}

/** `it`, unless the server under test cannot answer this check truly. */
export function checksFor(cannot: Cannot): (name: string, check: () => Promise<void> | void) => void {
  return (name, check) => {
    const reason = cannot[name];
    if (reason === undefined) it(name, check);
    else it.skip(`${name} [${reason}]`, check);
  };
}

export function storeContract(name: string, makeSubject: () => Promise<StoreSubject>, cannot: Cannot = {}): void {
  describe(`${name}: the contract of stores`, () => {
    const check = checksFor(cannot);
    let subject: StoreSubject;
    let store: Store;
    const [first, second, third] = [tokenNamed("first"), tokenNamed("second"), tokenNamed("third")];

    beforeAll(async () => {
      subject = await makeSubject();
      store = openStore(subject.type, subject.options);
    });
    afterAll(async () => {
      await store.close();
      await subject.close();
    });

    const write = (place: Place, token: SecretText, version: string | null = null, adopt = false): Promise<void> =>
      place.write(token, { version, adopt, signal: NEVER });

    /** A new secret that holds `text`, and its place. */
    const given = async (text: string, format: TargetFormat = RAW): Promise<{ address: Address; place: Place }> => {
      const address = subject.newAddress();
      await subject.put(address, text);
      return { address, place: store.open(targetAt(address, format, false)) };
    };

    check("refuses unknown keys in its options and addresses", () => {
      expect(() => subject.type.options.parse({ ...(subject.options as object), surprise: 1 })).toThrow(/surprise/);
      expect(() => subject.type.address.parse({ ...subject.newAddress(), surprise: 1 })).toThrow(/surprise/);
    });

    check("knows one secret from another by its identity", () => {
      const options = subject.type.options.parse(subject.options);
      const [one, other] = [subject.newAddress(), subject.newAddress()];
      const identity = (address: Address): string => subject.type.identity(options, address, (path) => path);
      expect(identity(one)).toBe(identity({ ...one }));
      expect(identity(one)).not.toBe(identity(other));
    });

    describe("preflight", () => {
      check("leaves nothing behind that a consumer could see", async () => {
        const { address, place } = await given(first.reveal());
        await place.preflight(NEVER);
        expect(await subject.text(address)).toBe(first.reveal());
        const absent = subject.newAddress();
        await store.open(targetAt(absent)).preflight(NEVER);
        expect(await subject.text(absent)).toBeNull();
      });

      check("refuses an absent secret that may not be created", async () => {
        const place = store.open(targetAt(subject.newAddress(), RAW, false));
        await failure(place.preflight(NEVER), "store_absent");
      });

      check("refuses a text that cannot take the key", async () => {
        const { place } = await given("no object", { kind: "json", key: "TOKEN" });
        await failure(place.preflight(NEVER), "store_invalid");
      });
    });

    describe("observe", () => {
      check("calls an absent secret empty", async () => {
        const seen = await store.open(targetAt(subject.newAddress())).observe(NEVER);
        expect(seen.state).toBe("empty");
      });

      check("reads what a consumer reads, whoever wrote it", async () => {
        const { place } = await given(second.reveal());
        const seen = await place.observe(NEVER);
        expect(seen).toMatchObject({ state: "holds", owner: "unmarked" });
        expect(seen.state === "holds" && seen.token.equals(second)).toBe(true);
      });

      check("calls a shared text without our key empty", async () => {
        const { place } = await given(`{"OTHER":"x"}`, { kind: "json", key: "TOKEN" });
        expect((await place.observe(NEVER)).state).toBe("empty");
      });

      check("says that a text is not what the format needs", async () => {
        const { place } = await given("[1]", { kind: "json", key: "TOKEN" });
        await failure(place.observe(NEVER), "store_invalid");
      });
    });

    describe("write", () => {
      check("puts the token where consumers read it, to the byte, and keeps the previous value", async () => {
        const { address, place } = await given(first.reveal());
        await write(place, second, (await place.observe(NEVER)).version);
        expect(await subject.text(address)).toBe(second.reveal());
        expect(await subject.previous(address)).toBe(first.reveal());
        const seen = await place.observe(NEVER);
        expect(seen.state === "holds" && seen.token.equals(second)).toBe(true);
      });

      check("makes a secret that may be created, from its first observation on", async () => {
        const address = subject.newAddress();
        const place = store.open(targetAt(address));
        await write(place, first, (await place.observe(NEVER)).version);
        expect(await subject.text(address)).toBe(first.reveal());
        await write(place, second, (await place.observe(NEVER)).version);
        expect(await subject.text(address)).toBe(second.reveal());
      });

      check("makes no secret that may not be created", async () => {
        const address = subject.newAddress();
        await failure(write(store.open(targetAt(address, RAW, false)), first), "store_absent");
        expect(await subject.text(address)).toBeNull();
      });

      check("touches nothing when the token is already there", async () => {
        const { address, place } = await given(first.reveal());
        await write(place, second);
        const before = await place.observe(NEVER);
        await write(place, second, before.version);
        expect(await place.observe(NEVER)).toEqual(before);
        expect(await subject.previous(address)).toBe(first.reveal());
      });

      check("touches nothing when another writer has put this very token there", async () => {
        const { address, place } = await given(first.reveal());
        await subject.put(address, second.reveal());
        const before = await place.observe(NEVER);
        await write(place, second, before.version);
        expect((await place.observe(NEVER)).version).toBe(before.version);
        expect(await subject.previous(address)).not.toBe(second.reveal());
      });

      check("may be repeated on the observation that the first attempt was made on", async () => {
        const { address, place } = await given(first.reveal());
        const { version } = await place.observe(NEVER);
        await write(place, second, version);
        await write(place, second, version);
        expect(await subject.text(address)).toBe(second.reveal());
        expect(await subject.previous(address)).toBe(first.reveal());
      });

      check("refuses when the place is not as observed", async () => {
        const { address, place } = await given(first.reveal());
        const { version } = await place.observe(NEVER);
        await subject.put(address, third.reveal());
        const error = await failure(write(place, second, version), "store_conflict");
        expect(await subject.text(address)).toBe(third.reveal());
        expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toMatch(/eyJ/);
      });

      check("refuses when somebody made the secret that was absent", async () => {
        const address = subject.newAddress();
        const place = store.open(targetAt(address));
        const { version } = await place.observe(NEVER);
        await subject.put(address, third.reveal());
        await failure(write(place, second, version), "store_conflict");
        expect(await subject.text(address)).toBe(third.reveal());
      });

      check("goes back to the token before", async () => {
        const { address, place } = await given(first.reveal());
        await write(place, second);
        await write(place, first);
        expect(await subject.text(address)).toBe(first.reveal());
        expect(await subject.previous(address)).toBe(second.reveal());
      });

      check("changes one key and leaves the rest as it was", async () => {
        const json = `{\n  "10": 12345678901234567890,\n  "TOKEN": "old",\n  "B": [1.0, "x"]\n}\n`;
        const inJson = await given(json, { kind: "json", key: "TOKEN" });
        await write(inJson.place, first);
        expect(await subject.text(inJson.address)).toBe(json.replace("old", first.reveal()));
        const dotenv = `# tokens\r\nA='1'\r\nexport TOKEN="old"\r\nB=2\r\n`;
        const inDotenv = await given(dotenv, { kind: "dotenv", key: "TOKEN" });
        await write(inDotenv.place, first);
        expect(await subject.text(inDotenv.address)).toBe(dotenv.replace(`"old"`, first.reveal()));
      });

      check("keeps every key when several tokens are written to one secret at once", async () => {
        const { address } = await given(`{"OTHER":"kept"}`);
        const keys = ["A", "B", "C", "D"];
        const places = keys.map((key) => store.open(targetAt(address, { kind: "json", key })));
        const seen = await Promise.all(places.map((place) => place.observe(NEVER)));
        await Promise.all(places.map((place, n) => write(place, tokenNamed(`t${n}`), seen[n]?.version ?? null)));
        const expected = keys.map((key, n) => [key, tokenNamed(`t${n}`).reveal()]);
        expect(JSON.parse((await subject.text(address)) ?? "")).toEqual({
          OTHER: "kept",
          ...Object.fromEntries(expected),
        });
      });

      check("leaves a text that it cannot understand alone", async () => {
        const text = `{"TOKEN":"a","TOKEN":"b"}`;
        const { address, place } = await given(text, { kind: "json", key: "TOKEN" });
        await failure(write(place, first), "store_invalid");
        expect(await subject.text(address)).toBe(text);
      });

      check("lets a reader see the old token or the new one, and nothing else", async () => {
        const { address, place } = await given(first.reveal());
        let writing = true;
        const seen = new Set<string | null>();
        const reader = (async () => {
          while (writing) seen.add(await subject.text(address));
        })();
        for (const token of [second, third, first, second, third]) await write(place, token);
        writing = false;
        await reader;
        expect([first, second, third].map((token) => token.reveal())).toEqual(expect.arrayContaining([...seen]));
      });

      check("does nothing, in any call, once its signal is aborted", async () => {
        const { address, place } = await given(first.reveal());
        await failure(place.preflight(GONE), "store_timeout");
        await failure(place.observe(GONE), "store_timeout");
        await failure(place.write(second, { version: null, adopt: false, signal: GONE }), "store_timeout");
        expect(await subject.text(address)).toBe(first.reveal());
      });
    });

    describe("ownership", () => {
      check("takes what another tool marked only when told to adopt it, and marks it", async () => {
        const address = subject.newAddress();
        await subject.putOfAnother?.(address, first.reveal());
        const place = store.open(targetAt(address));
        const seen = await place.observe(NEVER);
        expect(seen.owner).toBe("other");
        await failure(place.preflight(NEVER), "store_not_owned");
        await failure(write(place, second, seen.version), "store_not_owned");
        expect(await subject.text(address)).toBe(first.reveal());
        await write(place, second, seen.version, true);
        expect(await place.observe(NEVER)).toMatchObject({ owner: "ours", state: "holds" });
        await place.preflight(NEVER);
      });

      check("knows what it created from what another renewd created", async () => {
        const address = subject.newAddress();
        await write(store.open(targetAt(address)), first);
        expect((await store.open(targetAt(address)).observe(NEVER)).owner).toBe("ours");
        const neighbour = openStore(subject.type, subject.options, { instance: "neighbour" });
        const place = neighbour.open(targetAt(address));
        expect((await place.observe(NEVER)).owner).toBe("other");
        await failure(write(place, second), "store_not_owned");
        await neighbour.close();
      });
    });
  });
}
