import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RenewdError } from "../../src/core/errors.ts";
import { EXP, NOW, report, token } from "./fake-control.ts";
import { bearer, serving, type Serving } from "./serving.ts";

let server: Serving;
beforeAll(async () => void (server = await serving()));
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.control.asked.length = 0;
  server.control.failure = undefined;
  server.control.report = report;
});

const get = async (path: string) => {
  const { status, body } = await server.call("GET", path, bearer("viewer"));
  return { status, body: JSON.parse(body) as Record<string, unknown> };
};
const post = async (path: string, body = "") => {
  const headers = { ...bearer("operator"), "content-type": "application/json" };
  const answer = await server.call("POST", path, headers, body);
  return { ...answer, body: JSON.parse(answer.body) as Record<string, unknown> };
};

describe("reading", () => {
  it("shows all tokens as `status --json` does: snake_case keys, RFC 3339 instants", async () => {
    const { status, body } = await get("/api/v1/tokens");
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, at: "2026-07-01T08:00:00Z", last_sweep_at: "2026-07-01T07:59:58Z" });
    const one = await get("/api/v1/tokens/flowapi");
    expect(one.body).toMatchObject({ token: "flowapi", newest: { exp_at: "2026-07-31T08:00:00Z" } });
    expect(body["tokens"]).toEqual([one.body]);
    expect(body["created"]).toEqual([]);
  });

  it("shows what a token is for, and what create-token made, with their ends", async () => {
    const made = {
      key: "created:0011",
      issuer: "arvados",
      name: "kb",
      comment: "for it",
      user: "root",
      roles: ["all"],
    };
    const live = { ...made, fingerprint: "5555666677778888", state: "live" } as const;
    server.control.report = {
      ...report,
      tokens: [{ ...token, comment: "for Airflow" }],
      created: [
        { ...live, expiresAt: null },
        { ...live, expiresAt: EXP },
      ],
    };
    const { body } = await get("/api/v1/tokens");
    expect(body["tokens"]).toMatchObject([{ comment: "for Airflow" }]);
    expect(body["created"]).toEqual([
      { ...live, expires_at: null },
      { ...live, expires_at: "2026-07-31T08:00:00Z" },
    ]);
  });

  it("shows what is to come in the days that were asked for, 30 by default and 366 at most", async () => {
    expect((await get("/api/v1/calendar?days=366")).body).toMatchObject({
      days: 366,
      calendar: [
        { token: "flowapi", what: "renewal", at: "2026-07-31T08:00:00Z", earliest_at: "2026-07-31T07:59:00Z" },
      ],
    });
    await get("/api/v1/calendar");
    expect(server.control.asked.filter(([what]) => what === "calendar")).toEqual([
      ["calendar", 366],
      ["calendar", 30],
    ]);
    for (const days of ["0", "367", "x", "1e9", "1.5", "-1"]) {
      expect((await get(`/api/v1/calendar?days=${days}`)).status, days).toBe(400);
    }
  });

  it("shows how long a fresh token may live, null where the issuer sets no limit", async () => {
    const limits = { token: "flowapi", longest_seconds: 3_600, latest_at: "2026-07-31T08:00:00Z" };
    expect((await get("/api/v1/tokens/flowapi/limits")).body).toEqual(limits);
    server.control.limits = async () => ({ longestMs: null, latestAt: null });
    const none = { token: "flowapi", longest_seconds: null, latest_at: null };
    expect((await get("/api/v1/tokens/flowapi/limits")).body).toEqual(none);
  });

  it("shows the plan and a token's history, newest first and bounded", async () => {
    expect((await get("/api/v1/plan")).body).toMatchObject({
      plan: [{ token: "flowapi", renew_at: "2026-07-01T08:00:00Z" }],
    });
    expect((await get("/api/v1/tokens/flowapi/history?limit=7")).body).toMatchObject({
      history: [{ type: "renewal:settled" }],
    });
    await get("/api/v1/tokens/flowapi/history");
    expect(server.control.asked.filter(([what]) => what === "history")).toEqual([
      ["history", "flowapi", 7],
      ["history", "flowapi", 50],
    ]);
    for (const limit of ["0", "501", "x", "1e9", "1.5"]) {
      expect((await get(`/api/v1/tokens/flowapi/history?limit=${limit}`)).status).toBe(400);
    }
  });

  it.each([
    "/api/v1/tokens/nobody",
    "/api/v1/tokens/nobody/history",
    "/api/v1/tokens/nobody/renewals/1",
    "/api/v1/tokens/%2e%2e%2fetc",
  ])("%s is not found", async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(404);
    expect(body).toMatchObject({ code: "unknown_token", status: 404, hint: expect.stringContaining("renewd status") });
  });
});

describe("renewing", () => {
  it("is accepted with the renewal's address, which tells how it stands; a second call joins the first", async () => {
    const first = await post("/api/v1/tokens/flowapi/renew", '{"lifetime_minutes": 90}');
    const address = "/api/v1/tokens/flowapi/renewals/1782892800000";
    expect([first.status, first.headers["location"]]).toEqual([202, address]);
    expect(first.body).toEqual({ token: "flowapi", since: "2026-07-01T08:00:00Z", joined: false, renewal: address });
    expect((await post("/api/v1/tokens/flowapi/renew")).body).toMatchObject({ joined: true, renewal: address });
    expect((await get(address)).body).toMatchObject({ state: "delivered", exp_at: "2026-07-31T08:00:00Z" });
    expect(server.control.asked.filter(([what]) => what === "renew")).toEqual([
      ["renew", "flowapi", 5_400_000],
      ["renew", "flowapi", null],
    ]);
  });

  it("that gains nothing is refused with the arithmetic", async () => {
    const refused = await post("/api/v1/tokens/flowapi/renew", '{"lifetime_minutes": 1}');
    expect([refused.status, refused.headers["content-type"]]).toEqual([422, "application/problem+json"]);
    expect(refused.body).toMatchObject({ code: "would_not_gain", detail: expect.stringContaining("now + 1 min") });
  });

  it.each([
    "[]",
    "null",
    "{",
    '{"lifetime": 5}',
    '{"lifetime_minutes": "5"}',
    '{"lifetime_minutes": 1.5}',
    '{"lifetime_minutes": 0}',
    '{"lifetime_minutes": 99999999}',
  ])("refuses the body %s", async (body) => {
    const { status, body: problem } = await post("/api/v1/tokens/flowapi/renew", body);
    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: "body_invalid" });
    expect(server.control.asked).toEqual([]);
  });

  it("reads no more than 16 KiB of a body", async () => {
    const { status, body } = await post("/api/v1/tokens/flowapi/renew", `"${"x".repeat(17_000)}"`);
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: "body_too_large" });
  });
});

describe("what a person may decide", () => {
  it("pauses, with an end and a reason or without, and resumes what is paused; the answer is the token's status", async () => {
    const until = "2026-07-02T08:00:00+02:00";
    const answer = await post("/api/v1/tokens/flowapi/pause", JSON.stringify({ until, reason: "a move" }));
    expect([answer.status, answer.body["token"]]).toEqual([200, "flowapi"]);
    await post("/api/v1/tokens/flowapi/pause");
    expect((await post("/api/v1/tokens/flowapi/resume", "{}")).body).toMatchObject({ was_paused: false });
    const pause = { since: NOW, until: null, reason: null, deliveries: false };
    server.control.report = { ...report, tokens: [{ ...token, pause }] };
    expect((await post("/api/v1/tokens/flowapi/resume", "{}")).body).toMatchObject({ was_paused: true });
    await post("/api/v1/tokens/flowapi/targets/airflow/adopt");
    expect(server.control.asked.filter(([what]) => what !== "tokenStatus")).toEqual([
      ["pause", "flowapi", Date.parse(until), "a move"],
      ["pause", "flowapi", null, null],
      ["resume", "flowapi"],
      ["adopt", "flowapi", "airflow"],
    ]);
  });

  it("rolls back, accepts and discards; the answer says what was decided", async () => {
    const done = await post("/api/v1/tokens/flowapi/rollback");
    expect(done.status).toBe(200);
    expect(done.body).toMatchObject({ withdrawn: "00112233aabbccdd", exp_at: "2026-07-31T08:00:00Z" });
    expect(done.body["warnings"]).toEqual([expect.stringContaining("safe only until")]);
    expect((await post("/api/v1/tokens/flowapi/accept", "{}")).body).toMatchObject({ check: "roles" });
    expect((await post("/api/v1/tokens/flowapi/discard")).body).toEqual({ token: "flowapi", fingerprint: null });
    expect(server.control.asked.filter(([what]) => what !== "tokenStatus")).toEqual([
      ["rollback", "flowapi"],
      ["accept", "flowapi"],
      ["discard", "flowapi"],
    ]);
  });

  it.each([
    ["rollback", "nothing_to_roll_back", 409],
    ["accept", "nothing_quarantined", 409],
    ["accept", "not_acceptable", 422],
  ] as const)("to %s refused with %s is %i", async (verb, code, status) => {
    server.control.failure = new RenewdError(code, "no, because");
    const answer = await post(`/api/v1/tokens/flowapi/${verb}`);
    expect([answer.status, answer.body["code"], answer.body["detail"]]).toEqual([status, code, "no, because"]);
  });

  it.each(["rollback", "accept", "discard"])(
    "to %s is an operator's, of a known token, without arguments",
    async (verb) => {
      const address = `/api/v1/tokens/flowapi/${verb}`;
      const headers = { ...bearer("viewer"), "content-type": "application/json" };
      expect((await server.call("POST", address, headers, "")).status).toBe(403);
      expect((await post(`/api/v1/tokens/nobody/${verb}`)).status).toBe(404);
      expect((await post(address, '{"force": true}')).status).toBe(400);
      expect((await server.call("GET", address, bearer("operator"))).status).toBe(404);
      expect(server.control.asked).toEqual([]);
    },
  );

  it.each(['{"until": "tomorrow"}', '{"until": 5}', '{"why": "x"}', `{"reason": "${"x".repeat(501)}"}`])(
    "refuses to pause with %s",
    async (body) => expect((await post("/api/v1/tokens/flowapi/pause", body)).status).toBe(400),
  );
});

describe("a failure", () => {
  it("of ours says nothing of itself", async () => {
    server.control.failure = new TypeError("canary-in-a-bug");
    const { status, body } = await get("/api/v1/tokens");
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: "bug", detail: "The daemon failed to answer." });
    expect(JSON.stringify(body)).not.toContain("canary");
  });

  it("of the state is 503, with what to do", async () => {
    server.control.failure = new RenewdError("state_unreadable", "the state file is torn");
    expect(await get("/api/v1/tokens")).toMatchObject({
      status: 503,
      body: { detail: "the state file is torn", hint: expect.stringContaining("backup") },
    });
    expect((await server.call("GET", "/metrics", bearer("metrics"))).status).toBe(503);
    expect((await server.call("GET", "/", bearer("viewer"))).body).toContain("the state file is torn");
  });

  it("to be alive or ready is 503, with reason codes only", async () => {
    server.health = { alive: false, ready: false, reasons: ["no_sweep_yet"] };
    const [health, ready] = await Promise.all([server.call("GET", "/healthz"), server.call("GET", "/readyz")]);
    expect([health.status, ready.status]).toEqual([503, 503]);
    expect(JSON.parse(ready.body)).toEqual({ status: "not_ready", reasons: ["no_sweep_yet"] });
    expect(health.body).not.toContain("no_sweep_yet");
  });
});
