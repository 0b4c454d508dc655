import { describe, expect, it } from "vitest";
import type { TokenRequest } from "../../../src/core/token.ts";
import { asked, type Bench, DAY, never, startBench } from "./bench.ts";

const probe = (bench: Bench, ...requests: TokenRequest[]): Promise<string> =>
  bench.issuer.probe(requests, never).then((lines) => lines.join("\n"));

describe("a probe", () => {
  it("tells the cluster, who we are and whom we can serve, and changes nothing", async () => {
    await using bench = await startBench();
    const { uuid } = bench.server.addUser();
    const told = await probe(bench, asked(), asked({ user: uuid }), asked({ role: "crunch-dispatch" }));
    expect(told).toMatch(/cluster zzzzz answers at http/);
    expect(told).toContain("SystemRootToken: it sees the tokens of every user");
    expect(told).toContain("tokens of root can be made");
    expect(told).toContain(`tokens of ${uuid} can be made`);
    expect(told).not.toContain("WARNING");
    expect(bench.server.seen.map((each) => each.call)).toEqual(["config", "current"]);
  });

  it("warns of an own token that expires soon, and tells of one that does not", async () => {
    await using bench = await startBench();
    const { uuid } = bench.server.addUser();
    const own = bench.server.addRow(uuid, { expiresAt: bench.clock.now() + 20 * DAY });
    bench.secrets.set("OWN", own.api_token);
    const request = asked({ user: uuid });
    expect(await probe(bench, request)).toMatch(/it sees the tokens of .* alone; it expires at 2026-07-21T08:00:00Z/);
    await bench.clock.advance(10 * DAY);
    expect(await probe(bench, request)).toMatch(/WARNING: the issuer's own token: .*, in 10 d/);
  });

  it("tells an administrator what will be missing for other users' tokens, and refuses to extend them", async () => {
    await using bench = await startBench();
    bench.secrets.set("OWN", bench.server.addUser({ admin: true }).token);
    const told = await probe(bench, asked());
    expect(told).toContain("tokens of root can be made");
    expect(told).toMatch(/WARNING: cannot look for tokens: .*SystemRootToken alone/);
    await expect(probe(bench, asked({ role: "crunch-dispatch" }))).rejects.toMatchObject({ code: "token_not_owned" });
  });

  it("refuses what surely cannot be: another's token for who is no administrator, or without the scopes to make any", async () => {
    await using bench = await startBench();
    const { uuid, token } = bench.server.addUser();
    bench.secrets.set("OWN", token);
    expect(await probe(bench, asked({ user: uuid }))).toContain(`tokens of ${uuid} can be made`);
    await expect(probe(bench, asked())).rejects.toThrow(/only an administrator makes tokens for root/);
    const maker = bench.server.addRow(uuid, { scopes: ["POST /arvados/v1/api_client_authorizations"] });
    bench.secrets.set("OWN", maker.api_token);
    expect(await probe(bench, asked({ user: uuid }))).toContain("can be made");
    expect(await probe(bench, asked())).toContain("tokens of root can be made if the issuer's own token is an admin");
    const extended = asked({ user: uuid, strategy: "extend" });
    await expect(probe(bench, extended)).rejects.toThrow(
      'lacks the scope "PUT /arvados/v1/api_client_authorizations/"',
    );
    const reader = bench.server.addRow(uuid, { scopes: ["GET /"] });
    bench.secrets.set("OWN", reader.api_token);
    await expect(probe(bench, asked({ user: uuid }))).rejects.toMatchObject({ code: "request_refused" });
  });

  it("refuses a dead own token, and says so", async () => {
    await using bench = await startBench();
    bench.secrets.set("OWN", "dead".repeat(12));
    await expect(probe(bench, asked())).rejects.toMatchObject({ code: "sign_in_refused" });
    bench.secrets.delete("OWN");
    await expect(probe(bench)).rejects.toMatchObject({ code: "secret_unreadable" });
  });

  it("sends to the login cluster where another one keeps the tokens", async () => {
    await using bench = await startBench({ loginCluster: "login" });
    await expect(probe(bench, asked())).rejects.toMatchObject({
      code: "settings_invalid",
      message: expect.stringContaining("login cluster login: set `url` to that") as string,
    });
    const { uuid, token } = bench.server.addUser();
    bench.secrets.set("OWN", token);
    expect(await probe(bench, asked({ user: uuid }))).toMatch(/WARNING: its tokens are made .* by the login cluster/);
    await using itself = await startBench({ loginCluster: "zzzzz" });
    expect(await probe(itself, asked())).not.toContain("login cluster");
  });

  it("warns of scopes that read other tokens' secrets, and reminds of dispatchers with all powers", async () => {
    await using bench = await startBench();
    expect(await probe(bench, asked({ scopes: ["GET /"] }))).toMatch(/WARNING: .* can read the secrets of every other/);
    expect(await probe(bench, asked({ scopes: ["all"] }))).toMatch(/note: if .* is a dispatcher's/);
    expect(await probe(bench, asked({ scopes: ["all"], strategy: "extend" }))).not.toContain("note:");
  });

  it("is not fooled by a page in the place of the cluster", async () => {
    await using bench = await startBench();
    bench.server.fail({ on: "config", status: 404, headers: { "content-type": "text/html" } });
    await expect(probe(bench, asked())).rejects.toMatchObject({ code: "issuer_answer_invalid" });
    bench.server.fail({ on: "config", status: 302 });
    await expect(probe(bench, asked())).rejects.toMatchObject({ code: "issuer_redirected" });
  });
});
