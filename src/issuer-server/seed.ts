import { dirname, join } from "node:path";
import { RenewdError } from "../core/errors.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import type { IssuerAdmin, RoleSpec, ServerSpec } from "./admin.ts";
import { createOnce, readIfThere } from "./private-files.ts";

/** What is to be there at the start: made where it is missing, never changed where it is there. */
export interface IssuerSeed {
  readonly servers: readonly ServerSpec[];
  readonly roles: readonly RoleSpec[];
  readonly users: readonly SeedUser[];
}

export interface SeedUser {
  readonly name: string;
  readonly admin?: boolean;
  /** Without one a password is made for a new user, and left in `<name>.password` beside the database. */
  readonly password?: SecretText;
  readonly roles: readonly { readonly server: string; readonly role: string }[];
}

export interface SeedDeps {
  readonly dbFile: string;
  readonly random: Random;
  readonly log: (line: string) => void;
}

/** Throws `usage` for a seed that contradicts itself. */
export async function plantSeed(admin: IssuerAdmin, seed: IssuerSeed, deps: SeedDeps): Promise<void> {
  for (const server of seed.servers) {
    if (!(await admin.hasServer(server.name))) await admin.addServer(server);
  }
  for (const role of seed.roles) {
    if (!(await admin.hasRole(role.server, role.name))) await admin.addRole(role);
  }
  for (const user of seed.users) {
    if (!(await admin.hasUser(user.name))) await addUser(admin, user, deps);
    for (const { server, role } of user.roles) {
      if (!(await admin.holds(user.name, server, role))) await admin.grant(user.name, server, role);
    }
  }
}

async function addUser(admin: IssuerAdmin, user: SeedUser, deps: SeedDeps): Promise<void> {
  const password = user.password ?? (await generatedPassword(user.name, deps));
  await admin.addUser({ name: user.name, password, admin: user.admin ?? false });
}

/** The file comes first: after a crash in between, the user is made with the password that the file already holds. */
async function generatedPassword(name: string, deps: SeedDeps): Promise<SecretText> {
  if (!/^[\w@-][\w.@-]{0,74}$/.test(name)) {
    throw new RenewdError("usage", `user ${JSON.stringify(name)} cannot name a file; give its password in the seed`);
  }
  const file = join(dirname(deps.dbFile), `${name}.password`);
  await createOnce(file, `${deps.random.hex(24)}\n`, deps.random);
  deps.log(`the password of ${name} is in ${file}`);
  return new SecretText(((await readIfThere(file)) ?? "").trim());
}
