import { createPublicKey, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fillIssuer, madeTokens, PASSWORD, serveIssuer } from "../../e2e/issuer-process.ts";
import { freePort, type Place } from "../../e2e/place.ts";
import { claimsOf } from "../../e2e/reader.ts";
import { IssuerProxy } from "../issuer-proxy.ts";
import type { IssuerSide } from "./side.ts";

/** `renewd issuer serve` as a process of its own behind a proxy; or nothing, where the daemon brings its own. */
export async function openFlowauth(place: Place, isEmbedded: boolean): Promise<IssuerSide> {
  await fillIssuer(place);
  const issuer = await serveIssuer(place);
  const publicPem = await readFile(place.path("public_key.pem"), "utf8");
  if (isEmbedded) await issuer.process.stop();
  const proxy = isEmbedded ? null : await IssuerProxy.start({ deedOf });
  if (proxy !== null) proxy.issuerUrl = issuer.url;
  const embedded = proxy === null ? embeddedSettings(await freePort()) : "";
  const expOf = proving(publicPem);
  return {
    proxy,
    settings: proxy === null ? embedded : ownSettings(proxy.url),
    requestOf: (_, lifetime) => `{ server: flowapi-prod, roles: [runner, viewer], lifetime: ${lifetime} }`,
    holds: {},
    byHand: null,
    mayLose: false,
    made: async () =>
      (await madeTokens(place)).map(({ id, name, token }) => ({ id: `row ${id}`, name, token, at: 0, late: false })),
    lifeOf: (token) => ({ expAt: expOf(token), isRevoked: false }),
    endings: () => [],
    secrets: () => new Map([["the password", PASSWORD]]),
    [Symbol.asyncDispose]: async () => proxy?.[Symbol.asyncDispose](),
  };
}

function deedOf({ method, url }: { readonly method: string; readonly url: string }): "mint" | undefined {
  return method === "POST" && url.startsWith("/tokens/tokens/") ? "mint" : undefined;
}

/** Proved once per text, as FlowAPI does it. */
function proving(publicPem: string): (token: string) => number {
  const key = createPublicKey(publicPem);
  const expAtOf = new Map<string, number>();
  return (token) => {
    const known = expAtOf.get(token);
    if (known !== undefined) return known;
    const [header = "", claims = "", signature = ""] = token.split(".");
    const signed = Buffer.from(`${header}.${claims}`);
    if (!verify("sha256", signed, key, Buffer.from(signature, "base64url"))) throw new Error("no good token");
    const expAt = claimsOf(token).exp * 1000;
    expAtOf.set(token, expAt);
    return expAt;
  };
}

/** A short limit for calls, since an answer in doubt is waited out. */
function ownSettings(url: string): string {
  return `    type: flowauth
    url: ${url}
    username: flowbot
    password: { file: ../flowbot.password }
    public_keys: [{ file: ../public_key.pem }]
    timeout: 1s`;
}

export function embeddedSettings(port: number): string {
  return `    type: embedded
    listen: 127.0.0.1:${port}
    db: ../issuer/issuer.db
    username: flowbot
    seed: { users: [{ name: flowbot, password: { file: ../flowbot.password } }] }`;
}
