import { describe, expect, it } from "vitest";
import type { Place, StoreType } from "../../src/core/ports.ts";
import { serialised } from "../../src/stores/serialised.ts";
import { failure, openStore, targetAt, tokenNamed } from "../contracts/store.ts";

/** A store whose writes end when the test says so; two targets are one secret when their `secret` is. */
function slowStore(): { type: StoreType; begun: string[]; end: (secret: string, how?: Error) => void } {
  const begun: string[] = [];
  const running = new Map<string, PromiseWithResolvers<void>>();
  const capabilities = {
    precondition: false,
    propagationMs: 0,
    observeMs: 0,
    writeIntervalMs: 0,
    createsByDefault: true,
  };
  const type: StoreType = {
    type: "slow",
    capabilities,
    options: { parse: (input) => input },
    address: { parse: (input) => input },
    identity: (_, address) => (address as { secret: string }).secret,
    create: () => ({
      capabilities,
      open: ({ address }): Place => ({
        preflight: async () => {},
        observe: async () => ({ owner: "unmarked", version: null, state: "empty" }),
        write(token) {
          const { secret } = address as { secret: string };
          begun.push(`${secret} ${token.fingerprint}`);
          const ending = Promise.withResolvers<void>();
          running.set(secret, ending);
          return ending.promise;
        },
      }),
      close: async () => {},
    }),
  };
  const end = (secret: string, how?: Error): void => {
    const ending = running.get(secret);
    if (how === undefined) ending?.resolve();
    else ending?.reject(how);
  };
  return { type: serialised(type), begun, end };
}

describe("writes of one physical secret", () => {
  const signal = new AbortController().signal;
  const [a, b] = [tokenNamed("a"), tokenNamed("b")];

  it("wait for each other, also through two stores, also after a failure; others do not wait", async () => {
    const { type, begun, end } = slowStore();
    const [one, two] = [openStore(type, {}), openStore(type, {})];
    const first = one.open(targetAt({ secret: "x" })).write(a, { version: null, adopt: false, signal });
    const second = two.open(targetAt({ secret: "x" })).write(b, { version: null, adopt: false, signal });
    const elsewhere = two.open(targetAt({ secret: "y" })).write(b, { version: null, adopt: false, signal });
    await new Promise(setImmediate);
    expect(begun).toEqual([`x ${a.fingerprint}`, `y ${b.fingerprint}`]);
    end("y");
    await elsewhere;
    end("x", new Error("broken"));
    await expect(first).rejects.toThrow("broken");
    await new Promise(setImmediate);
    expect(begun.at(-1)).toBe(`x ${b.fingerprint}`);
    end("x");
    await second;
  });

  it("are not begun any more once their signal is aborted", async () => {
    const { type, begun, end } = slowStore();
    const place = openStore(type, {}).open(targetAt({ secret: "x" }));
    const over = new AbortController();
    const first = place.write(a, { version: null, adopt: false, signal });
    const second = place.write(b, { version: null, adopt: false, signal: over.signal });
    await new Promise(setImmediate);
    over.abort();
    end("x");
    await first;
    const error = await failure(second, "store_timeout");
    expect(error.sent).toBe(false);
    expect(begun).toHaveLength(1);
  });
});
