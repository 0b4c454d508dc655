/** A server that cannot prove who it is gets not one byte of a request, however often it is tried. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { withDates } from "../support/hostile-certificate.ts";
import { page } from "../support/hostile-spoils.ts";
import { HostileWorld } from "../support/hostile-world.ts";
import { type Certificate, makeCertificate } from "../support/tls-certificate.ts";
import { expectClean, expectRecovery } from "./attack.ts";

const ours = makeCertificate("localhost");
const elsewhere = makeCertificate("flowauth.example");

async function underTls(certificate: Certificate, trusted: string): Promise<HostileWorld> {
  const world = await HostileWorld.start({ certificate: ours });
  await world.untilDue();
  world.front.seen.length = 0;
  world.front.present(certificate);
  world.secrets.set("ca.pem", trusted);
  world.front.connections = 0;
  await world.run(HOUR_MS - 1);
  return world;
}

describe("a certificate", () => {
  it.each<readonly [name: string, certificate: Certificate, trusted: string]>([
    ["for another name", elsewhere, elsewhere.cert],
    ["that expired", ...alsoTrusted(withDates(ours, { until: "20210101000000Z" }))],
    ["that is not valid yet", ...alsoTrusted(withDates(ours, { from: "20900101000000Z" }))],
    ["of an authority that nobody knows", makeCertificate("localhost"), ours.cert],
    ["for another name and of no known authority", elsewhere, ours.cert],
  ])(
    "%s is refused before anything is sent; a person is needed, and it is tried twice in an hour",
    async (...given) => {
      const [, certificate, trusted] = given;
      await using world = await underTls(certificate, trusted);
      expect(world.front.seen).toEqual([]);
      expect(world.front.connections).toBe(2);
      expect(new Set(world.told("renewal:failed").map(({ code }) => code))).toEqual(new Set(["issuer_tls"]));
      expect(await world.incidents()).toEqual(["issuer_failing"]);
      expect(world.fake.written).toEqual(world.made);
      world.front.present(ours);
      world.secrets.set("ca.pem", ours.cert);
      await expectRecovery(world);
      expect(world.made).toHaveLength(2);
      expect(world.fake.written).toEqual(world.made);
    },
  );

  it("that is good again after a renewal is believed at once when its authority is renewed as well", async () => {
    const next = makeCertificate("localhost");
    await using world = await underTls(next, next.cert);
    expect(world.told("renewal:failed")).toEqual([]);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(2);
  });
});

describe("a port that speaks no TLS", () => {
  it("gets no request, though it answers in plain HTTP", async () => {
    await using world = await HostileWorld.start({ certificate: ours });
    await world.untilDue();
    world.front.seen.length = 0;
    world.front.plain = true;
    await world.run(HOUR_MS - 1);
    expect(world.front.seen).toEqual([]);
    expect(world.told("renewal:failed").length).toBeGreaterThan(0);
    const codes = new Set(world.told("renewal:failed").map(({ code }) => code));
    expect([...codes]).toEqual(["issuer_tls"]);
    expect(world.fake.written).toEqual(world.made);
    world.front.plain = false;
    await expectRecovery(world);
    expect(world.made).toHaveLength(2);
  });

  it("is not where a redirect from https leads", async () => {
    await using world = await HostileWorld.start({ certificate: ours });
    await world.untilDue();
    world.front.spoil("*", page("302 Found", `Location: ${world.trap.url}/signin`));
    await world.run(HOUR_MS - 1);
    expect(world.told("renewal:failed")[0]?.code).toBe("issuer_redirected");
    expectClean(world);
    world.front.heal();
    await expectRecovery(world);
  });
});

function alsoTrusted(certificate: Certificate): readonly [Certificate, string] {
  return [certificate, certificate.cert];
}
