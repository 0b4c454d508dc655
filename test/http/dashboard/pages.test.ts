/** What holds of every page and asset, whatever it shows. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bearer, SECRETS, serving } from "../serving.ts";
import { pageOf } from "./shown.ts";

const PAGES = ["/", "/tokens/flowapi", "/calendar"] as const;
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

describe.each(PAGES)("%s", (path) => {
  it("allows its own scripts and styles and nothing else, and holds none within itself", async () => {
    const { status, headers, body } = await pageOf(path, {}, "operator");
    expect([status, headers["content-security-policy"]]).toEqual([200, POLICY]);
    expect(body).not.toMatch(/ style=|<style|<img|<iframe| on\w+=|javascript:/);
    expect(body.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/assets/page.js">']);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
    });
  });

  it("is whole without a script: it comes again by itself, and has its language, title and landmarks", async () => {
    const { body } = await pageOf(path);
    expect(body).toMatch(/<noscript\s*><meta http-equiv="refresh" content="20"/);
    for (const part of ['<html lang="en">', "<title>", '<main id="main"', "<nav", "<header", 'href="#main"'])
      expect(body).toContain(part);
    expect(body.match(/<h1/g)).toHaveLength(1);
  });

  it("shows who is not signed in how to sign in, and nothing else", async () => {
    await using server = await serving();
    const { status, headers, body } = await server.call("GET", path);
    expect([status, headers["content-type"]]).toEqual([401, "text/html; charset=utf-8"]);
    expect(headers["www-authenticate"]).toContain("Bearer");
    for (const words of ["renewd dashboard", 'id="sign-in"', 'type="password"']) expect(body).toContain(words);
    expect(body).not.toMatch(/airflow|flowauth/);
    expect(server.control.asked).toEqual([]);
  });

  it("is no metrics reader's", async () => {
    expect((await pageOf(path, {}, "metrics")).status).toBe(403);
  });

  it("never holds a token's text or a secret of the API", async () => {
    const { body } = await pageOf(path, {}, "operator");
    for (const secret of Object.values(SECRETS)) expect(body).not.toContain(secret);
    expect(body).not.toMatch(/eyJ/);
  });
});

it("a token's page that there is none of says so as a page", async () => {
  for (const path of ["/tokens/nobody", "/tokens/%3Cscript%3E"]) {
    const { status, headers, body } = await pageOf(path);
    expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(body).not.toContain("<script>");
  }
});

describe("an asset", () => {
  it("is every file that the pages and scripts name, with its type, for everybody", async () => {
    await using server = await serving();
    const scripts = readdirSync(new URL("../../../src/http/dashboard/assets/", import.meta.url));
    expect(scripts).toContain("page.js");
    for (const name of [...scripts, "style.css", "icon.svg"]) {
      const { status, headers, body } = await server.call("GET", `/assets/${name}`);
      expect([name, status]).toEqual([name, 200]);
      const type = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" }[
        name.split(".")[1] ?? ""
      ];
      expect(headers["content-type"]).toBe(type);
      for (const [, imported] of body.matchAll(/from "\.\/([\w-]+\.js)"/g)) expect(scripts).toContain(imported);
    }
  });

  it("is asked for again each time and sent only when it has changed", async () => {
    await using server = await serving();
    const first = await server.call("GET", "/assets/page.js");
    expect(first.headers["cache-control"]).toBe("no-cache");
    const tag = String(first.headers["etag"]);
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    const again = await server.call("GET", "/assets/page.js", { "if-none-match": tag });
    expect([again.status, again.body]).toEqual([304, ""]);
    expect((await server.call("GET", "/assets/page.js", { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("of another name is not there", async () => {
    await using server = await serving();
    for (const name of ["other.js", "..%2Froutes.ts", "__proto__", ""]) {
      expect((await server.call("GET", `/assets/${name}`)).status).toBe(404);
    }
  });
});

it("listens to every event that changes what a page shows", async () => {
  await using server = await serving();
  const { body } = await server.call("GET", "/assets/live.js");
  const { EVENT_LEVELS } = await import("../../../src/core/events.ts");
  const told = new Set([...body.matchAll(/"([a-z]+:[a-z-]+)"/g)].map(([, type]) => type));
  // What only counts, or comes with another that is listened to.
  const silent = [
    "daemon:started",
    "daemon:stopping",
    "daemon:stopped",
    "renewal:window-overridden",
    "renewal:preflight-failed",
    "token:handed-out",
    "lease:lost",
    "api-token:refused",
    "target:proved",
    "service:called",
    "channel:told",
    "incident:repeated",
  ];
  expect(new Set([...told, ...silent])).toEqual(new Set(Object.keys(EVENT_LEVELS)));
});

it("shows a viewer no action and an operator all that the state asks for", async () => {
  const viewer = (await pageOf("/tokens/flowapi", {}, "viewer")).body;
  const operator = (await pageOf("/tokens/flowapi", {}, "operator")).body;
  expect(viewer).not.toMatch(/<dialog|data-open|data-call/);
  expect([...operator.matchAll(/<dialog id="dialog-([\w-]+)"/g)].map(([, name]) => name)).toEqual(["renew", "pause"]);
  await using server = await serving();
  expect((await server.call("GET", "/", bearer("viewer"))).body).not.toContain("data-open");
});
