import { SecretText } from "../core/secret-text.ts";
import { readJson } from "./json-body.ts";
import { passwordMatches } from "./passwords.ts";
import { userByName } from "./queries.ts";
import { invalidUsage, notPermitted, page } from "./refusal.ts";
import { type IssuerContext, type Route, signedIn } from "./routes.ts";
import type { UserRow } from "./schema.ts";
import type { IssuerServices } from "./services.ts";
import { totpMatches, totpStep } from "./totp.ts";

/** Sign-in, its second factor, and the end of a session (fact sheet §2). */
export function signInRoutes(services: IssuerServices): Route[] {
  const open = { access: "open", csrf: false } as const;
  const known = { access: "signed_in", csrf: false } as const;
  return [
    { method: "POST", paths: ["/signin"], ...open, handle: (c) => signIn(services, c) },
    {
      method: "GET",
      paths: ["/is_signed_in"],
      ...known,
      handle: async (c, user) => c.json(await describe(services, signedIn(user))),
    },
    { method: "GET", paths: ["/signout"], ...known, handle: signOut },
    { method: "GET", paths: ["/version"], ...open, handle: (c) => c.json({ version: services.version }) },
  ];
}

async function signIn(services: IssuerServices, c: IssuerContext): Promise<Response> {
  const body = await readJson(c);
  const { username, password, two_factor_code: code } = credentialsOf(body);
  const user = typeof username === "string" ? await userByName(services.db, username) : undefined;
  const right = services.signInGate.run(() =>
    passwordMatches(new SecretText(typeof password === "string" ? password : ""), user?.password_hash),
  );
  if (right === undefined) throw page(503, "Too many sign-ins at once; try again.", { "Retry-After": "1" });
  if (!(await right) || user === undefined || typeof password !== "string") {
    throw notPermitted("Incorrect username or password.");
  }
  await checkSecondFactor(services, user, code);
  c.get("session").userId = user.id;
  services.log(`${JSON.stringify(user.username)} signed in`);
  return c.json(await describe(services, user));
}

function signOut(c: IssuerContext): Response {
  c.get("session").userId = null;
  return c.json({ logged_in: false });
}

interface Credentials {
  readonly username: unknown;
  readonly password: unknown;
  readonly two_factor_code?: unknown;
}

function credentialsOf(body: unknown): Credentials {
  if (typeof body === "object" && body !== null && "username" in body && "password" in body) return body;
  throw invalidUsage("Must supply username or password.");
}

/** Asked only after a right password. The step is claimed by one statement, so that of two sign-ins with one code one fails. */
async function checkSecondFactor(services: IssuerServices, user: UserRow, code: unknown): Promise<void> {
  const { db, sealer, clock } = services;
  const factor = await db.selectFrom("two_factor_auth").selectAll().where("user_id", "=", user.id).executeTakeFirst();
  if (factor === undefined) return;
  if (code === undefined || code === null || code === "") {
    throw invalidUsage("Must supply a two-factor authentication code.", { need_two_factor: true });
  }
  const secret = sealer.open("two_factor", factor.sealed_secret);
  if (secret === undefined) throw new TypeError("a two-factor secret cannot be opened with this key");
  const step = totpStep(clock.now());
  if (typeof code !== "string" || !totpMatches(secret, step, code)) throw notPermitted("Code not valid.");
  const { numUpdatedRows } = await db
    .updateTable("two_factor_auth")
    .set({ last_used_step: step })
    .where("user_id", "=", user.id)
    .where((where) => where.or([where("last_used_step", "is", null), where("last_used_step", "<", step)]))
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw notPermitted("Code not valid.");
}

interface Description {
  readonly is_admin: boolean;
  readonly logged_in: true;
  readonly require_two_factor_setup: boolean | null;
}

async function describe(services: IssuerServices, user: UserRow): Promise<Description> {
  const factor = await services.db
    .selectFrom("two_factor_auth")
    .select("user_id")
    .where("user_id", "=", user.id)
    .executeTakeFirst();
  const required = user.require_two_factor === null ? null : user.require_two_factor === 1;
  return {
    is_admin: user.is_admin === 1,
    logged_in: true,
    require_two_factor_setup: factor === undefined ? required : false,
  };
}
