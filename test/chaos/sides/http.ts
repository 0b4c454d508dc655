import { systemClock } from "../../../src/runtime/clock.ts";
import { RotatingIssuer } from "../../support/http-issuer/rotating.ts";
import { type Answered, type Asked, type Deed, IssuerProxy } from "../issuer-proxy.ts";
import type { IssuerSide, Made } from "./side.ts";

/** An issuer like GitLab behind a proxy: a rotation ends the old token at once, and there is no list. */
export async function openHttp(lifetimeMs: number): Promise<IssuerSide> {
  const server = new RotatingIssuer(systemClock);
  await server.start();
  const late = new Set<string>();
  const answered = (_: Deed, __: Asked, { status, body }: Answered, isLate: boolean): void => {
    if (isLate && status === 200) late.add((JSON.parse(body.toString()) as { readonly token: string }).token);
  };
  const proxy = await IssuerProxy.start({ deedOf, answered });
  proxy.issuerUrl = server.url;
  const made = (): readonly Made[] =>
    server.rows.map(({ id, name, token, createdAt }) => ({
      id: `row ${id}`,
      name,
      token,
      at: createdAt,
      late: late.has(token),
    }));
  return {
    proxy,
    settings: settingsAt(proxy.url),
    requestOf: (_, lifetime) => `{ roles: [api], lifetime: ${lifetime} }`,
    holds: {},
    byHand: {
      make: (name) => server.makeByHand(name, ["api"], Date.now() + lifetimeMs).token,
      liveOf: (name) =>
        server.rows.filter((row) => row.name === name && server.isActive(row)).map(({ token }) => token),
      end: (token) => {
        const row = server.rowOf(token);
        if (row !== undefined) row.revoked = true;
      },
    },
    mayLose: true,
    made: async () => made(),
    lifeOf: (token) => {
      const row = server.rowOf(token);
      if (row === undefined) throw new Error("no token of this issuer");
      return { expAt: row.expiresAt, isRevoked: row.revoked };
    },
    endings: () => [],
    secrets: () => new Map(),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

function deedOf({ url }: Asked): Deed | undefined {
  return url.endsWith("/rotate") ? "mint" : undefined;
}

function settingsAt(url: string): string {
  return `    type: http
    url: ${url}
    overlap: none
    account: "42"
    timeout: 1s
    request:
      path: /tokens/self/rotate
      headers: { PRIVATE-TOKEN: "{{current.token}}" }
      body: { expires_at: "{{expires_at}}" }
    answer: { token: /token, id: /id, expires_at: /expires_at, scopes: /scopes }
    verify:
      type: request
      path: /tokens/self
      headers: { PRIVATE-TOKEN: "{{token}}" }
      active: /active
      id: /id
      subject: /user_id
      scopes: /scopes
      issued_at: /created_at
      expires_at: /expires_at`;
}
