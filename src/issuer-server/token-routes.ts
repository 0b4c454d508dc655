import { mintToken, renewToken } from "./issuing.ts";
import { asObject, readJson, readOptionalObject } from "./json-body.ts";
import { greatestExpiry } from "./lifetime.ts";
import { listTokenRows, rolesOfUser, scopesByRoleName, scopesOfRoles, serverById, serversOfUser } from "./queries.ts";
import { notFound } from "./refusal.ts";
import { type IssuerContext, type Route, signedIn } from "./routes.ts";
import type { ServerRow, UserRow } from "./schema.ts";
import type { IssuerServices } from "./services.ts";

type Handler = (services: IssuerServices, c: IssuerContext, user: UserRow) => Promise<Response>;

/** Servers, roles, listing, minting and renewing (fact sheet §3), for the user of the session only. */
export function tokenRoutes(services: IssuerServices): Route[] {
  const get = (path: string, handler: Handler): Route => route("GET", [path], handler);
  const route = (method: Route["method"], paths: string[], handler: Handler): Route => ({
    method,
    paths,
    access: "signed_in",
    csrf: method === "POST",
    handle: (c, user) => handler(services, c, signedIn(user)),
  });
  return [
    get("/tokens/servers", listServers),
    get("/tokens/servers/:server", describeAccess),
    get("/user/roles/server/:server", listRoles),
    get("/tokens/tokens/:server", listTokens),
    route("POST", ["/tokens/tokens/:server"], mint),
    route("POST", ["/tokens/tokens/:token{[0-9]+}/renew", "/tokens/:token{[0-9]+}/renew"], renew),
  ];
}

const listServers: Handler = async (services, c, user) => {
  const servers = await serversOfUser(services.db, user.id);
  return c.json(servers.map(({ id, name }) => ({ id, server_name: name })));
};

/** What the caller may have on a server. `latest_expiry` is that of the role that reaches furthest. */
const describeAccess: Handler = async (services, c, user) => {
  const server = await serverOf(services, c);
  const roles = await rolesOfUser(services.db, user.id, server.id);
  const now = services.clock.now();
  const latest = roles.map((role) => greatestExpiry(now, [server, role]));
  return c.json({
    allowed_claims: Object.fromEntries(await scopesByRoleName(services.db, roles)),
    latest_expiry: latest.length === 0 ? null : httpDate(Math.max(...latest)),
  });
};

const listRoles: Handler = async (services, c, user) => {
  const server = await serverOf(services, c);
  const roles = await rolesOfUser(services.db, user.id, server.id);
  const ids = roles.map((role) => role.id);
  const scopes = await scopesOfRoles(services.db, ids);
  return c.json(
    roles.map((role) => ({
      id: role.id,
      latest_token_expiry: role.latest_token_expiry === null ? null : microsecondDate(role.latest_token_expiry),
      longest_token_life_minutes: role.longest_token_life_minutes,
      name: role.name,
      scopes: scopes.filter((scope) => scope.role_id === role.id).map((scope) => scope.id),
      server: server.id,
      users: [user.id],
    })),
  );
};

const listTokens: Handler = async (services, c, user) => {
  const server = await serverOf(services, c);
  const rows = await listTokenRows(services.db, { userId: user.id, serverId: server.id });
  return c.json(
    rows.map((row) => {
      const token = services.sealer.open("token", row.sealed);
      if (token === undefined) throw new TypeError("a token cannot be opened with this key");
      return {
        expires: httpDate(row.expiry),
        id: row.id,
        name: row.name,
        roles: row.roles,
        server_name: row.server,
        token: token.reveal(),
        username: row.username,
        ...(row.comment === null ? {} : { comment: row.comment }),
      };
    }),
  );
};

const mint: Handler = async (services, c, user) => {
  const server = await serverOf(services, c);
  const minted = await mintToken(services, user, server, asObject(await readJson(c)));
  services.log(`${JSON.stringify(user.username)} minted row ${minted.id}, valid until ${httpDate(minted.expiry)}`);
  return c.json({ token: minted.token.reveal() });
};

const renew: Handler = async (services, c, user) => {
  const id = Number(c.req.param("token"));
  const minted = await renewToken(services, user, id, () => readOptionalObject(c));
  services.log(
    `${JSON.stringify(user.username)} renewed row ${id} as row ${minted.id}, valid until ${httpDate(minted.expiry)}`,
  );
  return c.json({ id: minted.id, token: minted.token.reveal() });
};

async function serverOf(services: IssuerServices, c: IssuerContext): Promise<ServerRow> {
  const server = await serverById(services.db, c.req.param("server") ?? "");
  if (server === undefined) throw notFound();
  return server;
}

/** RFC 9110 §5.6.7, whole seconds, always UTC. */
function httpDate(at: number): string {
  return new Date(at).toUTCString();
}

/** `%Y-%m-%dT%H:%M:%S.%fZ`: six digits of a second. */
function microsecondDate(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
