/** What the HTTP channels share: authorities, proxies, and answers that are not answers. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { slack } from "../../src/notifiers/slack/index.ts";
import { webhook } from "../../src/notifiers/webhook/index.ts";
import { alertNamed, NEVER, openAlerts } from "../support/notifiers/alerts.ts";
import { EventReceiver } from "../support/notifiers/event-receiver.ts";
import { makeCertificate } from "../support/tls-certificate.ts";

const alert = alertNamed("a");
const notifiers = resolve(import.meta.dirname, "../../src/notifiers");

describe("an HTTP channel", () => {
  it("trusts a private authority, read at each use, and no other", async () => {
    const own = makeCertificate("localhost");
    const server = createHttps(own, (_, response) => response.end("ok")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const secrets = { URL: `https://localhost:${port}/x`, "ca.pem": makeCertificate("localhost").cert };
    const notifier = openAlerts(slack, { url: { env: "URL" }, ca: { file: "ca.pem" } }, { secrets });
    const failed = { code: "channel_tls", message: expect.stringContaining(`localhost:${port}`) as string };
    await expect(notifier.notify([alert], NEVER)).rejects.toMatchObject(failed);
    secrets["ca.pem"] = own.cert;
    await notifier.notify([alert], NEVER);
    secrets["ca.pem"] = "no certificate";
    await expect(notifier.notify([alert], NEVER)).rejects.toMatchObject({ code: "channel_tls" });
    await notifier.close();
    server.close();
  });

  it("goes through its proxy", async () => {
    const asked: string[] = [];
    const proxy = createHttp();
    proxy.on("connect", (request: { readonly url?: string }, socket: { end(text: string): void }) => {
      asked.push(request.url ?? "");
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const options = { url: { env: "URL" }, proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const notifier = openAlerts(slack, options, { secrets: { URL: "https://hooks.example.org/services/secret-part" } });
    const failed = { code: "channel_unreachable", message: "webhook: hooks.example.org: the proxy answered 403" };
    await expect(notifier.notify([alert], NEVER)).rejects.toMatchObject(failed);
    expect(asked).toEqual(["hooks.example.org:443"]);
    await notifier.close();
    proxy.close();
  });

  it("counts a 2xx as told, whatever its body is", async () => {
    await using server = await new EventReceiver("k", () => 0).start();
    server.troubles.push({ endless: 200 }, { status: 204 }, { status: 202, text: "no" });
    const notifier = openAlerts(webhook, { url: server.url, keys: [{ env: "K" }] }, { secrets: { K: "k" } });
    for (let each = 0; each < 3; each += 1) await notifier.notify([alert], NEVER);
    expect(server.seen).toHaveLength(3);
    await notifier.close();
  });

  it("says who is calling", async () => {
    await using server = await new EventReceiver("k", () => 0).start();
    server.troubles.push({ status: 204 });
    const notifier = openAlerts(webhook, { url: server.url, keys: [{ env: "K" }] }, { secrets: { K: "k" } });
    await notifier.notify([alert], NEVER);
    expect(server.seen[0]?.headers["user-agent"]).toBe("renewd/1.2.3");
    await notifier.close();
  });
});

describe("the README of each channel", () => {
  it.each(notifierTypes)("$type describes the settings, and every one of them", ({ type, options }) => {
    const text = readFileSync(join(notifiers, type, "README.md"), "utf8");
    expect(text).toContain(`type: ${type}`);
    const { shape } = options as unknown as { readonly shape: Readonly<Record<string, unknown>> };
    expect(Object.keys(shape).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });

  it("webhook tells receivers how to check a signature, and it is so", async () => {
    const text = readFileSync(join(notifiers, "webhook/README.md"), "utf8");
    const code = /```js\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const { isFromRenewd } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      isFromRenewd(body: string, header: string, key: string, nowSeconds: number): boolean;
    };
    await using server = await new EventReceiver("k", () => 0).start();
    server.troubles.push({ status: 204 });
    const options = { url: server.url, keys: [{ env: "OLD" }, { env: "NEW" }] };
    await openAlerts(webhook, options, { secrets: { OLD: "old", NEW: "new" } }).notify([alert], NEVER);
    const { body = "", headers = {} } = server.seen[0] ?? {};
    const header = String(headers["renewd-signature"]);
    const now = Date.parse("2026-07-01T08:00:00Z") / 1_000;
    expect(["old", "new"].map((key) => isFromRenewd(body, header, key, now))).toEqual([true, true]);
    expect(isFromRenewd(body, header, "other", now)).toBe(false);
    expect(isFromRenewd(`${body} `, header, "new", now)).toBe(false);
    expect(isFromRenewd(body, header, "new", now + 301)).toBe(false);
    expect(isFromRenewd(body, "", "new", now)).toBe(false);
  });
});
