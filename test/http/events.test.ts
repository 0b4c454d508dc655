import { request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { DomainEvent } from "../../src/core/events.ts";
import { EventHub } from "../../src/http/event-hub.ts";
import type { Ground } from "../../src/http/sessions.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { NOW } from "./fake-control.ts";
import { apiTokens, bearer, SECRETS, serving, type Serving } from "./serving.ts";

const drifted: DomainEvent = {
  type: "target:drifted",
  at: NOW,
  token: "flowapi",
  target: "airflow",
  fingerprint: "00112233aabbccdd",
};

interface Listener {
  readonly answer: IncomingMessage;
  readonly closed: Promise<void>;
  /** Everything told so far. */
  readonly text: () => string;
}

async function listen(
  server: Serving,
  headers: Readonly<Record<string, string>> = bearer("viewer"),
): Promise<Listener> {
  const asked = request(new URL("/api/v1/events", server.url), { headers, agent: false });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  answer.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => answer.once("close", resolve));
  await expect.poll(() => text).toContain("retry: 3000\n\n");
  return { answer, closed, text: () => text };
}

describe("listening over HTTP", () => {
  it("tells each event with its type, an id of its own and its fields as the API shows them", async () => {
    await using server = await serving();
    const { answer, text: told } = await listen(server);
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "text/event-stream"]);
    server.events.onEvent(drifted);
    server.events.onEvent({ ...drifted, fingerprint: null });
    await expect.poll(told).toContain('"fingerprint":null}\n\n');
    const text = told();
    const ids = [...text.matchAll(/^id: (\S+)$/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(2);
    expect(text.match(/^event: target:drifted$/gm)).toHaveLength(2);
    expect(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "")).toEqual({
      type: "target:drifted",
      at: "2026-07-01T08:00:00Z",
      token: "flowapi",
      target: "airflow",
      fingerprint: "00112233aabbccdd",
    });
  });

  it("sends a comment every fifteen seconds", async () => {
    await using server = await serving();
    const { text } = await listen(server);
    await server.clock.advance(14_999);
    expect(text()).not.toContain("still here");
    await server.clock.advance(15_001);
    await expect.poll(() => text().match(/^: still here\n$/gm)).toHaveLength(2);
  });

  it("forgets who went away, and a HEAD never counted", async () => {
    await using server = await serving();
    await server.call("HEAD", "/api/v1/events", bearer("viewer"));
    expect(server.events.clientCount).toBe(0);
    const { answer } = await listen(server);
    expect(server.events.clientCount).toBe(1);
    answer.destroy();
    await expect.poll(() => server.events.clientCount).toBe(0);
    expect(server.clock.pendingTimers).toBe(0);
  });

  it("ends when its token is taken away", async () => {
    await using server = await serving();
    const [gone, kept] = [await listen(server, bearer("operator")), await listen(server)];
    server.access.useTokens(apiTokens.filter(({ role }) => role !== "operator"));
    await server.clock.advance(15_000);
    await gone.closed;
    await expect.poll(kept.text).toContain("still here");
    expect(server.events.clientCount).toBe(1);
  });

  it("ends when who listens signs out", async () => {
    await using server = await serving();
    const json = { "content-type": "application/json" };
    const opened = await server.call("POST", "/sign-in", json, JSON.stringify({ token: SECRETS.viewer }));
    const cookie = (opened.headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
    const { closed } = await listen(server, { cookie });
    await server.call("POST", "/sign-out", { ...json, cookie }, "{}");
    await server.clock.advance(15_000);
    await closed;
    expect(server.events.clientCount).toBe(0);
  });

  it("is granted ten times to one token and its sessions, and then to others still", async () => {
    await using server = await serving();
    const all = await Promise.all(Array.from({ length: 10 }, () => listen(server)));
    expect((await server.call("GET", "/api/v1/events", bearer("viewer"))).status).toBe(503);
    await listen(server, bearer("operator"));
    for (const { answer } of all) answer.destroy();
  });

  it("does not hold up the end of the server", async () => {
    const server = await serving();
    const { closed } = await listen(server);
    await server[Symbol.asyncDispose]();
    await closed;
    await expect.poll(() => server.events.clientCount).toBe(0);
  });
});

function of(key: string, roleNow: Ground["roleNow"] = async () => "viewer"): Ground {
  return { key, roleNow };
}

describe("the hub", () => {
  it("lets in fifty and no more, and ten of one", async () => {
    const hub = new EventHub(new FakeClock());
    const streams = Array.from({ length: 50 }, (_, at) => hub.open(of(`${Math.floor(at / 10)}`)));
    expect(hub.open(of("another"))).toBeUndefined();
    await streams[0]?.cancel();
    expect(hub.open(of("1"))).toBeUndefined();
    expect(hub.open(of("0"))).toBeDefined();
  });

  it("ends at the next heartbeat whose role was taken away, and nobody else", async () => {
    const clock = new FakeClock();
    const hub = new EventHub(clock);
    let role: "viewer" | undefined = "viewer";
    const reader = hub.open(of("one", async () => role))?.getReader();
    hub.open(of("other"));
    await clock.advance(15_000);
    expect(hub.clientCount).toBe(2);
    role = undefined;
    await clock.advance(15_000);
    expect(hub.clientCount).toBe(1);
    let last = await reader?.read();
    while (last?.done === false) last = await reader?.read();
    expect(last?.done).toBe(true);
  });

  it("drops who does not read, and nobody else", async () => {
    const hub = new EventHub(new FakeClock());
    const slow = hub.open(of("slow"));
    const quick = hub.open(of("quick"))?.getReader();
    for (let told = 0; told < 300; told += 1) {
      hub.onEvent(drifted);
      await quick?.read();
    }
    expect(hub.clientCount).toBe(1);
    await slow?.cancel();
  });

  it("ends a stream after an hour, so that the listener has to show its token again", async () => {
    const clock = new FakeClock();
    const hub = new EventHub(clock);
    const reader = hub.open(of("one"))?.getReader();
    await clock.advance(3_600_000);
    expect(hub.clientCount).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    let last = await reader?.read();
    while (last?.done === false) last = await reader?.read();
    expect(last?.done).toBe(true);
  });
});
