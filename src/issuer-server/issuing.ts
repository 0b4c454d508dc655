import type { Instant } from "../core/duration.ts";
import { SecretText } from "../core/secret-text.ts";
import { signFlowJwt } from "./flow-jwt.ts";
import { greatestExpiry, hasPassed, readLifetime, requestedExpiry } from "./lifetime.ts";
import { rolesOfToken, rolesOfUser, scopesByRoleName } from "./queries.ts";
import { type Refusal, invalidField, nameExists, notFound, notPermitted } from "./refusal.ts";
import type { RoleRow, ServerRow, UserRow } from "./schema.ts";
import type { IssuerServices } from "./services.ts";

const NAME_LENGTH = 75;
const COMMENT_LENGTH = 500;
const LIFETIME_INVALID = "lifetime_minutes must be a positive integer";

export interface Minted {
  readonly id: number;
  readonly token: SecretText;
  readonly expiry: Instant;
}

export type Body = Readonly<Record<string, unknown>>;

/** POST /tokens/tokens/<server_id>: a first token with the named roles. Throws a `Refusal`, in the order of fact sheet §3. */
export async function mintToken(
  services: IssuerServices,
  user: UserRow,
  server: ServerRow,
  body: Body,
): Promise<Minted> {
  if (!("name" in body)) throw invalidField("name", "No name.");
  if (!("roles" in body)) throw invalidField("roles", "No roles.");
  const name = readName(body["name"]);
  const held = await rolesOfUser(services.db, user.id, server.id);
  const roles = readRoleNames(body["roles"]).map((wanted) => {
    const role = held.find((each) => each.name === wanted);
    if (role === undefined) throw notPermitted(`Role '${wanted}' is not permitted for the current user`);
    return role;
  });
  const now = services.clock.now();
  const greatest = greatestExpiry(now, [server, ...roles]);
  const expiry = chooseExpiry(now, body["lifetime_minutes"], greatest, "selected server and roles");
  if (hasPassed(now, greatest)) throw notPermitted(`Token for ${user.username} expired`);
  if (new Set(roles).size < roles.length) throw nameExists();
  return record(services, { name, comment: readComment(body["comment"]), user, server, roles, now, expiry });
}

/**
 * POST /tokens/tokens/<id>/renew: a new row with the name, server and recorded roles of another, which stays as it is.
 * Each refusal of fact sheet §3, in its order. `readBody` is asked only where FlowAuth reads the body.
 */
export async function renewToken(
  services: IssuerServices,
  user: UserRow,
  tokenId: number,
  readBody: () => Promise<Body>,
): Promise<Minted> {
  const { db, clock } = services;
  const original = await db.selectFrom("token_history").selectAll().where("id", "=", tokenId).executeTakeFirst();
  if (original === undefined) throw notFound();
  if (original.user_id !== user.id) throw notPermitted("You can only renew your own tokens.");
  const roles = await rolesOfToken(db, tokenId);
  if (roles.length === 0) throw rolesUnrecorded();
  await refuseRolesNotHeld(services, user, original.server_id, roles);
  const server = await db
    .selectFrom("server")
    .selectAll()
    .where("id", "=", original.server_id)
    .executeTakeFirstOrThrow();
  const body = await readBody();
  const now = clock.now();
  const greatest = greatestExpiry(now, [server, ...roles]);
  if (hasPassed(now, greatest)) {
    throw notPermitted(`Token for ${user.username} cannot be renewed: maximum permitted expiry has already passed.`);
  }
  const expiry = chooseExpiry(now, body["lifetime_minutes"], greatest, "server and original roles");
  return record(services, { name: original.name, comment: original.comment, user, server, roles, now, expiry });
}

/** A given lifetime is honoured or refused; only where none is given the greatest is taken, however short. */
function chooseExpiry(now: Instant, lifetime: unknown, greatest: Instant, limitedBy: string): Instant {
  const minutes = readLifetime(lifetime);
  if (minutes === "invalid") throw invalidField("lifetime_minutes", LIFETIME_INVALID);
  if (minutes === null) return greatest;
  const expiry = requestedExpiry(now, minutes, greatest);
  if (expiry === undefined) {
    const message = `Requested lifetime exceeds the maximum permitted by the ${limitedBy}`;
    throw invalidField("lifetime_minutes", message);
  }
  return expiry;
}

async function refuseRolesNotHeld(
  services: IssuerServices,
  user: UserRow,
  serverId: number,
  roles: readonly RoleRow[],
): Promise<void> {
  const held = new Set((await rolesOfUser(services.db, user.id, serverId)).map((role) => role.id));
  const lost = roles.filter((role) => !held.has(role.id)).map((role) => role.name);
  if (lost.length === 0) return;
  const names = lost.toSorted().join(", ");
  throw notPermitted(`Cannot renew: the following roles are no longer assigned to you: ${names}`);
}

function rolesUnrecorded(): Refusal {
  return invalidField(
    "token_id",
    "This token has no roles recorded against it and cannot be renewed; mint a new token instead.",
  );
}

/** FlowAuth stores a number as its text and takes any string; null and what does not fit the column are refused here. */
function readName(value: unknown): string {
  const name = typeof value === "number" ? String(value) : value;
  if (typeof name !== "string") throw invalidField("name", "No name.");
  if (name.length > NAME_LENGTH) throw invalidField("name", `A name has at most ${NAME_LENGTH} characters.`);
  return name;
}

/** FlowAuth ignores it; here it is kept, and shown wherever the token is listed. */
function readComment(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" && value.length <= COMMENT_LENGTH) return value;
  throw invalidField("comment", `A comment is a text of at most ${COMMENT_LENGTH} characters.`);
}

function readRoleNames(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidField("roles", "No roles.");
  return value.map((each: unknown) => {
    const name = typeof each === "object" && each !== null && "name" in each ? each.name : undefined;
    if (typeof name !== "string") throw invalidField("roles", 'Each role is an object with a "name".');
    return name;
  });
}

interface NewToken {
  readonly name: string;
  readonly comment: string | null;
  readonly user: UserRow;
  readonly server: ServerRow;
  readonly roles: readonly RoleRow[];
  readonly now: Instant;
  readonly expiry: Instant;
}

async function record(services: IssuerServices, order: NewToken): Promise<Minted> {
  const { db, sealer, random, keys } = services;
  const { name, comment, user, server, roles, now, expiry } = order;
  const scopes = await scopesByRoleName(db, roles);
  const token = await signFlowJwt(
    { server: server.name, username: user.username, scopes, now, expiry },
    keys.privateKey,
    random,
  );
  const id = await db.transaction().execute(async (transaction) => {
    const row = await transaction
      .insertInto("token_history")
      .values({
        name,
        comment,
        sealed_token: sealer.seal("token", token),
        expiry,
        user_id: user.id,
        server_id: server.id,
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    const pairs = roles.map((role) => ({ token_id: row.id, role_id: role.id }));
    await transaction.insertInto("tokens_with_roles").values(pairs).execute();
    return row.id;
  });
  return { id, token, expiry };
}
