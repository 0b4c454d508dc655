import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  TOKENS,
  ROOT_UUID,
  DAY_MS,
  begin,
  restart,
  call,
  create,
  list,
  uuidsOf,
  inDays,
  clock,
  server,
  admin,
  user,
} from "./asking.ts";
import { tokenText } from "./server.ts";

beforeEach(() => begin());
afterEach(() => server.close());

describe("records", () => {
  it("have the secret part alone, nine digits of a second, and neither name nor comment", async () => {
    const { body } = await create({ owner_uuid: user.uuid, expires_at: "2026-08-01T10:00:00.1234567+02:00" });
    expect(body).toEqual({
      kind: "arvados#apiClientAuthorization",
      etag: expect.stringMatching(/^\w+$/),
      uuid: expect.stringMatching(/^zzzzz-gj3su-[0-9a-z]{15}$/),
      owner_uuid: user.uuid,
      api_token: expect.stringMatching(/^[0-9a-z]{50}$/),
      scopes: ["all"],
      created_at: "2026-07-01T08:00:00.000000000Z",
      expires_at: "2026-08-01T08:00:00.123456000Z",
      created_by_ip_address: "",
      last_used_at: null,
      last_used_by_ip_address: "",
      modified_at: null,
      modified_by_user_uuid: "",
    });
  });

  it("SystemRootToken has one that is not in the table", async () => {
    const { body } = await call("GET", `${TOKENS}/current`, server.rootToken);
    expect(body).toMatchObject({ uuid: "zzzzz-gj3su-000000000000000", owner_uuid: ROOT_UUID, scopes: ["all"] });
    expect((await call("GET", `${TOKENS}/zzzzz-gj3su-000000000000000`, server.rootToken)).status).toBe(404);
  });

  it("`remote` hides the secret", async () => {
    expect((await call("GET", `${TOKENS}/current?remote=yyyyy`, user.token)).body["api_token"]).toBe("");
  });

  it("`select` names columns only on list and get; the owner is none", async () => {
    expect((await list({ select: ["uuid", "owner_uuid"] })).status).toBe(422);
    const items = (await list({ select: ["uuid", "scopes"], limit: 1 })).body.items ?? [];
    expect(Object.keys(items[0] ?? {}).toSorted()).toEqual(["kind", "scopes", "uuid"]);
  });
});

describe("create", () => {
  it("is for oneself; an administrator and SystemRootToken may for anybody", async () => {
    expect((await create({}, user.token)).body["owner_uuid"]).toBe(user.uuid);
    expect((await create({ owner_uuid: admin.uuid }, user.token)).status).toBe(403);
    expect((await create({ owner_uuid: user.uuid }, admin.token)).body["owner_uuid"]).toBe(user.uuid);
    expect((await create({ owner_uuid: user.uuid })).body["owner_uuid"]).toBe(user.uuid);
    expect((await create({})).body["owner_uuid"]).toBe(ROOT_UUID);
  });

  it("takes a chosen secret once; the refusal of a second one repeats it", async () => {
    const secret = "a".repeat(50);
    expect((await create({ api_token: secret })).body["api_token"]).toBe(secret);
    const again = await create({ api_token: secret });
    expect(again.status).toBe(422);
    expect(again.error).toContain(`Key (api_token)=(${secret}) already exists`);
    expect(server.rows.filter((row) => row.api_token === secret)).toHaveLength(1);
  });

  it("takes a chosen uuid from administrators alone, in its form alone", async () => {
    const uuid = "zzzzz-gj3su-chosenchosencho";
    const refused = await create({ uuid }, user.token);
    expect([refused.status, refused.error]).toEqual([422, expect.stringContaining("Uuid assignment not permitted")]);
    expect((await create({ uuid: "mine" })).status).toBe(422);
    expect((await create({ uuid })).body["uuid"]).toBe(uuid);
  });

  it("refuses an attribute that it does not know, and ignores some that it does", async () => {
    const refused = await create({ comment: "for the reports" });
    expect([refused.status, refused.error]).toEqual([422, expect.stringContaining("unknown attribute 'comment'")]);
    const made = await create({ created_at: "2001-01-01T00:00:00Z", etag: "x" });
    expect(made.body["created_at"]).toBe("2026-07-01T08:00:00.000000000Z");
  });

  it("for a user that is not there is forbidden", async () => {
    const refused = await create({ owner_uuid: "zzzzz-tpzed-nobodynobodynob" });
    expect([refused.status, refused.error]).toEqual([403, expect.stringContaining("Owner uuid cannot be nil")]);
  });

  it("with one scope for creating makes a token of all powers: powers are not attenuated", async () => {
    const maker = server.addRow(user.uuid, { scopes: [`POST ${TOKENS}`] });
    expect((await create({}, tokenText(maker))).body["scopes"]).toEqual(["all"]);
  });

  it("with a pair for a scope answers 500 after the row was made, breaks lists, and 422 when used", async () => {
    expect((await create({ scopes: [["GET", "/arvados/v1/users"]], api_token: "pairs" })).status).toBe(500);
    expect(server.live().some((row) => row.api_token === "pairs")).toBe(true);
    expect((await list({})).status).toBe(500);
    expect((await call("GET", "/arvados/v1/users/current", "pairs")).status).toBe(422);
  });
});

describe("expiry", () => {
  it("is cut to MaxTokenLifetime without a word; an administrator may exceed it but not do without", async () => {
    await restart({ maxTokenLifetimeMs: 10 * DAY_MS });
    const limit = inDays(10).replace("Z", "000000Z");
    expect((await create({ expires_at: inDays(30) }, user.token)).body["expires_at"]).toBe(limit);
    expect((await create({}, user.token)).body["expires_at"]).toBe(limit);
    expect((await create({ expires_at: inDays(30) }, admin.token)).body["expires_at"]).not.toBe(limit);
    expect((await create({})).body["expires_at"]).toBe(limit);
    const own = server.addRow(user.uuid);
    const changed = await call("PUT", `${TOKENS}/${own.uuid}`, user.token, { json: { expires_at: inDays(30) } });
    expect([changed.status, changed.body["expires_at"]]).toEqual([200, limit]);
  });

  it("that cannot be read is none at all", async () => {
    expect((await create({ expires_at: "in ninety days" })).body["expires_at"]).toBeNull();
  });

  it("in the past ends a token at once; the row goes a minute later", async () => {
    const row = server.addRow(user.uuid);
    const path = `${TOKENS}/${row.uuid}`;
    await call("PUT", path, server.rootToken, { json: { expires_at: inDays(-1) } });
    expect((await call("GET", `${TOKENS}/current`, tokenText(row))).status).toBe(401);
    clock.nowAt += 59_999;
    expect((await call("GET", path, server.rootToken)).status).toBe(200);
    clock.nowAt += 1;
    expect((await call("PUT", path, server.rootToken, { json: { expires_at: inDays(1) } })).status).toBe(404);
    expect(server.rows.map(({ uuid }) => uuid)).not.toContain(row.uuid);
  });

  it("comes by itself, and within the minute it can be moved again", async () => {
    const row = server.addRow(user.uuid, { expiresAt: clock.now() + 1_000 });
    clock.nowAt += 1_000;
    expect(server.live()).not.toContain(row);
    await call("PUT", `${TOKENS}/${row.uuid}`, server.rootToken, { json: { expires_at: inDays(1) } });
    expect(server.live()).toContain(row);
  });
});

describe("update", () => {
  it("changes what is sent and nothing else", async () => {
    const row = server.addRow(user.uuid, { scopes: ["GET /"] });
    const json = { api_client_authorization: { expires_at: inDays(2) } };
    const { body } = await call("PUT", `${TOKENS}/${row.uuid}`, server.rootToken, { json });
    expect(body).toMatchObject({ uuid: row.uuid, api_token: row.api_token, scopes: ["GET /"] });
  });

  it("with another secret kills the old one at once", async () => {
    const row = server.addRow(user.uuid, { api_token: "old" });
    await call("PUT", `${TOKENS}/${row.uuid}`, user.token, { json: { api_token: "new" } });
    expect((await call("GET", `${TOKENS}/current`, "old")).status).toBe(401);
    expect((await call("GET", `${TOKENS}/current`, "new")).body["uuid"]).toBe(row.uuid);
  });

  it("takes no owner and no other uuid", async () => {
    const path = `${TOKENS}/${server.addRow(user.uuid).uuid}`;
    expect((await call("PUT", path, server.rootToken, { json: { owner_uuid: admin.uuid } })).status).toBe(422);
    const uuid = "zzzzz-gj3su-otherotherother";
    expect((await call("PUT", path, server.rootToken, { json: { uuid } })).status).toBe(403);
  });

  it("lets a token that may change itself take all powers", async () => {
    const row = server.addRow(user.uuid, { scopes: [`PUT ${TOKENS}/`] });
    const json = { scopes: ["all"] };
    expect((await call("PUT", `${TOKENS}/${row.uuid}`, tokenText(row), { json })).body["scopes"]).toEqual(["all"]);
  });
});

describe("visibility", () => {
  it("ends at one's own user, for administrators, too; SystemRootToken sees all", async () => {
    const path = `${TOKENS}/${server.addRow(user.uuid).uuid}`;
    for (const [method, sent] of [["GET"], ["PUT", { json: { expires_at: inDays(1) } }], ["DELETE"]] as const) {
      const hidden = await call(method, path, admin.token, sent);
      expect([hidden.status, hidden.error]).toEqual([404, expect.stringContaining("Path not found")]);
    }
    expect((await list({}, admin.token)).body.items).toHaveLength(1);
    expect((await list({})).body.items).toHaveLength(3);
    expect((await call("DELETE", path, user.token)).status).toBe(200);
    expect((await call("GET", path, server.rootToken)).status).toBe(404);
  });
});

describe("list", () => {
  it("answers kind and items alone, the newest first, a hundred at a time and a thousand at most", async () => {
    for (let count = 0; count < 1_100; count += 1) server.addRow(user.uuid);
    const { body } = await list({});
    expect(Object.keys(body).toSorted()).toEqual(["items", "kind"]);
    expect([body["kind"], body.items?.length]).toEqual(["arvados#apiClientAuthorizationList", 100]);
    expect(body.items?.[0]?.["uuid"]).toBe(server.rows.at(-1)?.uuid);
    expect((await list({ limit: 5_000 })).body.items).toHaveLength(1_000);
    expect((await list({ limit: 1_000, offset: 1_000 })).body.items).toHaveLength(102);
  });

  it("sorts by columns and ignores what is none", async () => {
    const sorted = server.rows.map(({ uuid }) => uuid).toSorted();
    expect(uuidsOf(await list({ order: ["owner_uuid asc", "uuid asc"] }))).toEqual(sorted);
    const byText = await call("GET", `${TOKENS}?order=comment,uuid%20desc`, server.rootToken);
    expect(uuidsOf(byText)).toEqual(sorted.toReversed());
  });

  it("honours three filters and drops all others without a word", async () => {
    const row = server.addRow(user.uuid, { api_token: "wanted", scopes: ["GET /b/", "GET /a/"] });
    expect(uuidsOf(await list({ filters: [["uuid", "=", row.uuid]] }))).toEqual([row.uuid]);
    expect(uuidsOf(await list({ filters: [["api_token", "=", "wanted"]] }))).toEqual([row.uuid]);
    const scopes = ["GET /a/", "GET /b/"];
    expect(uuidsOf(await list({ filters: [["scopes", "=", scopes]] }, user.token))).toEqual([row.uuid]);
    const dropped = [
      ["owner_uuid", "=", admin.uuid],
      ["uuid", "in", [row.uuid]],
      ["uuid", ">", "zzzzz-gj3su-zzz"],
      ["expires_at", "<", inDays(1)],
    ];
    expect((await list({ filters: dropped })).body.items).toHaveLength(3);
  });

  it("breaks when SystemRootToken filters by scopes", async () => {
    const broken = await list({ filters: [["scopes", "=", ["all"]]] });
    expect([broken.status, broken.error]).toEqual([422, expect.stringContaining("NoMethodError")]);
  });
});
