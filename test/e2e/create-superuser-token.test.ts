/**
 * What Arvados' own create_superuser_token was tested for, with two differences: a given secret that does not exist yet becomes
 * that of a new token even where another would do, and an expired token is never handed out.
 */
import { describe, expect, it, vi } from "vitest";
import { tokenText } from "../support/arvados/server.ts";
import { type ArvadosPlace, newArvadosPlace } from "./arvados-place.ts";
import { PATIENT } from "./place.ts";

vi.setConfig(PATIENT);

const VERB = "create-superuser-token";
const ROOT = "zzzzz-tpzed-000000000000000";
const GIVEN = "atesttoken-of-an-installer";
const SECRETS = [GIVEN, "someothertokenstring-of-it"] as const;

function rowOf({ server }: ArvadosPlace, token: string): ArvadosPlace["server"]["rows"][number] {
  const row = server.rows.find((each) => tokenText(each) === token);
  if (row === undefined) throw new Error("the cluster has no such token");
  return row;
}

describe("create-superuser-token", () => {
  it("with a secret makes v2/uuid/secret of root with all powers, and then without one finds it", async () => {
    await using cluster = await newArvadosPlace();
    const first = await cluster.token(VERB, GIVEN);
    expect(first).toMatch(new RegExp(`^v2/zzzzz-gj3su-[0-9a-z]{15}/${GIVEN}$`));
    expect(rowOf(cluster, first)).toMatchObject({ owner_uuid: ROOT, scopes: ["all"], expiresAt: null });
    expect(await cluster.token(VERB)).toBe(first);
    expect(cluster.server.rows).toHaveLength(1);
  });

  it("with two secrets makes two, and finds each again", async () => {
    await using cluster = await newArvadosPlace();
    const [first, second] = [await cluster.token(VERB, SECRETS[0]), await cluster.token(VERB, SECRETS[1])];
    expect(second).toContain(SECRETS[1]);
    expect(await cluster.token(VERB, SECRETS[0])).toBe(first);
    expect(cluster.server.rows).toHaveLength(2);
  });

  it("takes some other valid superuser token, however it was made", async () => {
    await using cluster = await newArvadosPlace();
    await cluster.token(VERB, GIVEN);
    const other = cluster.server.addRow(ROOT);
    expect(await cluster.token(VERB, other.api_token)).toBe(tokenText(other));
    expect(await cluster.token(VERB, tokenText(other))).toBe(tokenText(other));
    expect(cluster.server.rows).toHaveLength(2);
  });

  it("makes another when the one that it made has expired, and never hands the expired one out", async () => {
    await using cluster = await newArvadosPlace();
    const first = await cluster.token(VERB, GIVEN);
    rowOf(cluster, first).expiresAt = Date.parse("2000-10-10T00:00:00Z");
    const second = await cluster.token(VERB);
    expect(second).not.toBe(first);
    const { code, stdout, stderr } = await cluster.run(VERB, GIVEN);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).not.toContain(GIVEN);
  });

  it("refuses the token of somebody else", async () => {
    await using cluster = await newArvadosPlace();
    const { token } = cluster.server.addUser({ admin: true });
    const { code, stdout, stderr } = await cluster.run(VERB, token);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("Token exists but is not a superuser token.");
    expect(cluster.server.rows).toHaveLength(1);
  });

  it("refuses a token with limited scope", async () => {
    await using cluster = await newArvadosPlace();
    const limited = cluster.server.addRow(ROOT, { scopes: ["GET /arvados/v1/collections", "POST /arvados/v1/logs"] });
    const { code, stdout, stderr } = await cluster.run(VERB, limited.api_token);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    const scopes = '["GET /arvados/v1/collections", "POST /arvados/v1/logs"]';
    expect(stderr).toContain(`Token exists but has limited scope ${scopes}.`);
  });

  it("makes one where root has only tokens with limited scope", async () => {
    await using cluster = await newArvadosPlace();
    const limited = cluster.server.addRow(ROOT, { scopes: ["GET /"] });
    const made = await cluster.token(VERB);
    expect(made).not.toBe(tokenText(limited));
    expect(rowOf(cluster, made).scopes).toEqual(["all"]);
  });

  it("makes none into a pipe without --print", async () => {
    await using cluster = await newArvadosPlace();
    const { code, stdout, stderr } = await cluster.place.run(VERB, GIVEN);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("--print");
    expect(cluster.server.seen).toEqual([]);
  });
});
