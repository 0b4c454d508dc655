/** The key to verify with, when it is not what it should be: nothing is believed and nothing is minted twice. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { makeSigningKey } from "../support/flowauth/jwt.ts";
import { HostileWorld, signingKey } from "../support/hostile-world.ts";
import { expectRecovery } from "./attack.ts";

const pem = { type: "spki", format: "pem" } as const;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export(pem).toString();
const ed = generateKeyPairSync("ed25519").publicKey.export(pem).toString();
const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey.export(pem).toString();

describe("a public key", () => {
  it.each([
    ["that is a page", "<html>Sign in, please</html>"],
    ["that is empty", ""],
    ["that is a private key", signingKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ["that is a shared secret", "correct horse battery staple"],
    ["of an elliptic curve", ec],
    ["of Ed25519", ed],
    ["for PSS alone", pss],
    ["of 1024 bits", makeSigningKey(1024).publicPem],
    ["cut short", signingKey.publicPem.slice(0, 200)],
    ["of 10 MB", "A".repeat(10_000_000)],
  ])("%s leaves the fresh token waiting; it is used when the key is right again", async (_, text) => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    world.secrets.set("KEY", text);
    await world.run(HOUR_MS - 1);
    const codes = world.told("renewal:failed").map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["key_unreachable"]));
    expect(codes).toHaveLength(6);
    expect(world.told("service:failing")).toEqual([]);
    expect(world.told("renewal:quarantined")).toEqual([]);
    expect(world.front.count("renew")).toBe(1);
    expect(world.fake.written).toEqual([world.made[0]]);
    expect(await world.incidents()).toEqual(["issuer_failing"]);
    world.secrets.set("KEY", signingKey.publicPem);
    await expectRecovery(world);
    expect(world.made).toHaveLength(2);
    expect(world.fake.written).toEqual(world.made);
  });

  it("of somebody else proves no token of ours: quarantined, and asked for again only seldom", async () => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    world.secrets.set("KEY", makeSigningKey().publicPem);
    await world.run(HOUR_MS - 1);
    expect(world.told("renewal:quarantined").every(({ check }) => check === "signature")).toBe(true);
    expect(world.front.count("renew")).toBe(2);
    expect(world.fake.written).toEqual([world.made[0]]);
    world.secrets.set("KEY", signingKey.publicPem);
    await expectRecovery(world);
    expect(world.fake.written).toEqual([world.made[0], world.made.at(-1)]);
  });
});
