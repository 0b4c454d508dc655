import { describe, expect, it } from "vitest";
import { NEVER_AT } from "../../../src/core/duration.ts";
import { asked, type Bench, DAY, find, mint, NAME, never, startBench } from "./bench.ts";

const ROOT = "zzzzz-tpzed-000000000000000";

function alike(bench: Bench, count: number): readonly string[] {
  const give = () => bench.server.addRow(ROOT, { scopes: bench.request.roles });
  return Array.from({ length: count }, () => give().uuid);
}

const others = (bench: Bench, count: number): void => {
  for (let each = 0; each < count; each += 1) bench.server.addRow(ROOT, { scopes: [`GET /${each}`] });
};

const idsOf = async (bench: Bench): Promise<readonly string[]> => (await find(bench)).map((each) => each.issuerId);

describe("tokens that are found", () => {
  it("are all live ones of the same user and scopes, oldest first, with all that is known of them", async () => {
    await using bench = await startBench();
    const { uuid } = bench.server.addUser();
    const first = await mint(bench);
    await bench.clock.advance(1_000);
    const endless = bench.server.addRow(ROOT, { scopes: bench.request.roles.toReversed() });
    bench.server.addRow(ROOT, { scopes: bench.request.roles, expiresAt: bench.clock.now() - 1 });
    bench.server.addRow(ROOT, { scopes: bench.request.roles.slice(1) });
    bench.server.addRow(ROOT, { scopes: [...bench.request.roles, "GET /x"] });
    bench.server.addRow(ROOT, { scopes: [["GET", "/x"]] });
    bench.server.addRow(uuid, { scopes: bench.request.roles });
    bench.server.rows
      .filter((row) => row.scopes.some((scope) => typeof scope !== "string"))
      .forEach((row) => (row.scopes = []));
    const [one, two, ...more] = await find(bench);
    expect(more).toEqual([]);
    expect(one).toEqual({
      fingerprint: first.token.fingerprint,
      token: first.token,
      issuerId: first.issuerId,
      roles: bench.request.roles,
      startAt: bench.clock.now() - 1_000,
      expAt: bench.clock.now() - 1_000 + DAY,
      comment: null,
    });
    expect(two).toMatchObject({ issuerId: endless.uuid, expAt: NEVER_AT, startAt: bench.clock.now() });
  });

  it("come oldest first, whatever their uuids", async () => {
    await using bench = await startBench();
    const ids = Array.from({ length: 6 }, (_, at) => `zzzzz-gj3su-${String(9 - at).padStart(15, "0")}`);
    ids.forEach((uuid, at) => bench.server.addRow(ROOT, { uuid, scopes: bench.request.roles, createdAt: 1_000 + at }));
    expect(await idsOf(bench)).toEqual(ids);
  });

  it("have the form that is asked for", async () => {
    await using bench = await startBench();
    const [uuid] = alike(bench, 1);
    const secret = bench.server.rows[0]?.api_token;
    expect((await find(bench))[0]?.token.reveal()).toBe(`v2/${uuid}/${secret}`);
    expect((await find(bench, asked({ form: "v1" })))[0]?.token.reveal()).toBe(secret);
  });

  it("never include the token that we sign in with", async () => {
    await using bench = await startBench();
    const { uuid, token } = bench.server.addUser();
    bench.secrets.set("OWN", token);
    const request = asked({ user: uuid, scopes: ["all"] });
    expect(await find(bench, request)).toEqual([]);
    const other = bench.server.addRow(uuid);
    await bench.clock.advance(1);
    expect((await find(bench, request)).map((each) => each.issuerId)).toEqual([other.uuid]);
  });
});

describe("a list", () => {
  it("is read over all its pages", async () => {
    await using bench = await startBench();
    others(bench, 2_300);
    const ids = alike(bench, 200);
    expect((await idsOf(bench)).toSorted()).toEqual(ids.toSorted());
    expect(bench.server.calls("list").length).toBeLessThanOrEqual(4);
  });

  it("loses none of them when others are deleted, or made, between two pages", async () => {
    await using bench = await startBench();
    others(bench, 1_500);
    const ids = alike(bench, 1_500);
    // The sweep deletes these while the second page is under way, so that all behind them move up.
    const first = bench.server.rows
      .toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))
      .filter((row) => !ids.includes(row.uuid));
    for (const row of first.slice(0, 300)) {
      row.expiresAt = bench.clock.now() - 120_000;
      row.expiryWrittenAt = bench.clock.now() - 55_000;
    }
    const found = find(bench);
    while (bench.server.calls("list").length < 1) await bench.clock.advance(0);
    bench.server.delay({ on: "list", ms: 10_000 });
    while (bench.server.calls("list").length < 2) await bench.clock.advance(0);
    others(bench, 40);
    await bench.clock.advance(10_000);
    const seen = (await found).map((each) => each.issuerId);
    expect(new Set(seen).size).toBe(seen.length);
    expect(ids.filter((id) => !seen.includes(id))).toEqual([]);
    expect(bench.server.calls("list").length).toBeLessThan(10);
  });

  it("is read again from before where it ends sooner than it did", async () => {
    await using bench = await startBench();
    const rows = alike(bench, 4).map((uuid) => bench.server.rows.find((row) => row.uuid === uuid));
    const [first, second, third, last] = rows.map((row) => row?.uuid);
    // Between the first page and the second, two of its rows were deleted, and the last moved up.
    const pages = [[first, second, third], [], [first, last], [last]];
    bench.forge.set("list", ({ items }) => {
      const page = pages.shift() ?? [];
      return { items: (items as { uuid: string }[]).filter((row) => page.includes(row.uuid)) };
    });
    expect(await idsOf(bench)).toContain(last);
    expect(pages).toEqual([]);
  });

  it("is shared by all that ask at once, whatever kind is declared, and read anew for who needs a later one", async () => {
    const other = asked({ scopes: ["GET /x"] });
    const declared = [asked(), other].map((request) => ({ name: NAME, request }));
    await using bench = await startBench({ declared });
    const first = () => bench.server.calls("list").filter(({ query }) => query.includes("offset=0&"));
    await Promise.all([find(bench), find(bench, other), find(bench)]);
    expect(first()).toHaveLength(1);
    await bench.clock.advance(1_000);
    await find(bench);
    expect(first()).toHaveLength(2);
    await bench.issuer.find({ name: NAME, request: other, notBefore: bench.clock.now() - 500 }, never);
    expect(first()).toHaveLength(2);
  });

  it("is read anew after one that failed", async () => {
    await using bench = await startBench();
    const ids = alike(bench, 1);
    bench.server.fail({ on: "list", status: 503 });
    await expect(find(bench)).rejects.toMatchObject({ code: "issuer_error" });
    expect(await idsOf(bench)).toEqual(ids);
  });

  it("may hold rows that are not as documented; they are not ours", async () => {
    await using bench = await startBench();
    const ids = alike(bench, 1);
    bench.server.addRow("nobody", { scopes: bench.request.roles });
    bench.server.addRow(ROOT, { scopes: bench.request.roles, api_token: "with/a/slash" });
    expect(await idsOf(bench)).toEqual(ids);
  });

  it("has an end: a server that goes on for ever is given up, one that does not know offsets is read once", async () => {
    const uuid = (at: number): string => `zzzzz-gj3su-${String(at).padStart(15, "0")}`;
    const server = (answer: (offset: number) => readonly string[]) => {
      const offsets: number[] = [];
      const list = (url: string): object => {
        const offset = Number(new URL(url).searchParams.get("offset"));
        offsets.push(offset);
        return { items: answer(offset).map((each) => ({ uuid: each })) };
      };
      return { offsets, list };
    };
    const endless = server((offset) => [uuid(offset), uuid(offset + 1)]);
    await using bench = await startBench();
    bench.invent.set("list", endless.list);
    await expect(find(bench)).rejects.toMatchObject({ code: "issuer_answer_too_large" });
    expect(endless.offsets).toHaveLength(1_000);
    const deaf = server(() => [uuid(0), uuid(1), uuid(2)]);
    await using other = await startBench();
    other.invent.set("list", deaf.list);
    expect(await find(other)).toEqual([]);
    expect(deaf.offsets).toEqual([0, 2]);
  });

  it("that would be empty because we may not see it is refused, with the rule and who we are", async () => {
    await using bench = await startBench();
    alike(bench, 1);
    const admin = bench.server.addUser({ admin: true });
    bench.secrets.set("OWN", admin.token);
    const failed = find(bench);
    await expect(failed).rejects.toMatchObject({ code: "token_not_owned" });
    await expect(failed).rejects.toThrow(admin.uuid);
    await expect(failed).rejects.toThrow(/SystemRootToken alone, not even for administrators/);
  });

  it("goes by the own token of the moment", async () => {
    await using bench = await startBench();
    const ids = alike(bench, 1);
    expect(await idsOf(bench)).toEqual(ids);
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    await expect(find(bench)).rejects.toMatchObject({ code: "token_not_owned" });
  });
});
