import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Hono } from "hono";
import { expect, it } from "vitest";
import { askHealth } from "../../src/http/health.ts";
import { serveHttp } from "../../src/http/serve.ts";
import { serving } from "./serving.ts";

it("takes any free port and answers with where it is", async () => {
  const listening = await serveHttp(new Hono(), { host: "127.0.0.1", port: 0 });
  expect(listening.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
  await listening.close();
});

it("on all addresses is called by the loopback's", async () => {
  const listening = await serveHttp(new Hono(), { host: "0.0.0.0", port: 0 });
  expect(listening.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  await listening.close();
});

it("refuses an address that another program has, and says so", async () => {
  await using server = await serving();
  const port = Number(new URL(server.url).port);
  await expect(serveHttp(new Hono(), { host: "127.0.0.1", port })).rejects.toMatchObject({
    code: "settings_invalid",
    message: `http.listen 127.0.0.1:${port}: another program listens there already; stop it, or choose another port`,
  });
});

it("refuses an address that this host does not have", async () => {
  await expect(serveHttp(new Hono(), { host: "192.0.2.1", port: 0 })).rejects.toThrow(/this host has no such address/);
});

it.each(["content-length: 1000000000", "transfer-encoding: chunked"])(
  "lets go at once of who is refused with a body that is still to come: %s",
  async (length) => {
    await using server = await serving();
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    const head = ["POST /api/v1/tokens/flowapi/renew HTTP/1.1", `host: 127.0.0.1:${port}`, length];
    socket.write([...head, "content-type: application/json", "", ""].join("\r\n"));
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text).toMatch(/^connection: close\r$/im);
  },
);

it("tells a container whether the daemon is alive", async () => {
  await using server = await serving();
  expect(await askHealth(server.url)).toBe(true);
  server.health = { alive: false, ready: false, reasons: [] };
  expect(await askHealth(server.url)).toBe(false);
});

it("takes a daemon that does not answer, or not in time, for dead", async () => {
  const silent = createServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  expect(await askHealth(`http://127.0.0.1:${port}`, 50)).toBe(false);
  await new Promise((resolve) => silent.close(resolve));
  expect(await askHealth(`http://127.0.0.1:${port}`)).toBe(false);
});
