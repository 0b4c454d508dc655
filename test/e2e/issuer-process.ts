import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DAY_MS } from "../../src/core/duration.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { openIssuerAdmin } from "../../src/issuer-server/index.ts";
import { openIssuerDatabase } from "../../src/issuer-server/database.ts";
import { listTokenRows } from "../../src/issuer-server/queries.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import type { Renewd } from "../support/process.ts";
import type { Place } from "./place.ts";

export const PASSWORD = "correct horse battery staple";
const SERVER = "flowapi-prod";

export interface IssuerProcess {
  readonly url: string;
  readonly process: Renewd;
}

/** Every token that the issuer ever made, oldest first. */
export interface MadeToken {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly fingerprint: string;
}

/** Its database, with what a site's administrator would have put there. Answers the two-factor secret, where one was wanted. */
export async function fillIssuer(place: Place, options: { readonly twoFactor?: boolean } = {}): Promise<string | null> {
  await place.write("flowbot.password", `${PASSWORD}\n`);
  const admin = await openIssuerAdmin(dbFileOf(place), { random: systemRandom });
  try {
    const cap = { maxLifeMs: 30 * DAY_MS };
    await admin.addServer({ name: SERVER, ...cap });
    await admin.addUser({ name: "flowbot", password: new SecretText(PASSWORD) });
    for (const [name, scopes] of Object.entries({ runner: ["run", "get_result"], viewer: ["get_result"] })) {
      await admin.addRole({ server: SERVER, name, scopes, ...cap });
      await admin.grant("flowbot", SERVER, name);
    }
    if (options.twoFactor !== true) return null;
    const secret = (await admin.enableTwoFactor("flowbot")).reveal();
    await place.write("totp.secret", secret);
    return secret;
  } finally {
    await admin.close();
  }
}

/** `renewd issuer serve`, a process of its own. */
export async function serveIssuer(place: Place, port = 0): Promise<IssuerProcess> {
  const args = ["issuer", "serve", "--listen", `127.0.0.1:${port}`, "--db", dbFileOf(place)];
  const process = place.launch(args);
  const [, url = ""] = await process.says(/issuing at (http:\S+);/);
  await copyFile(join(dirname(dbFileOf(place)), "public_key.pem"), place.path("public_key.pem"));
  return { url, process };
}

/** Read with the issuer's own key from its database, so that no second sign-in is needed, which would use up a code. */
export async function madeTokens(place: Place): Promise<readonly MadeToken[]> {
  const { db, sealer, ...database } = await openIssuerDatabase(dbFileOf(place), systemRandom);
  try {
    return (await listTokenRows(db)).map(({ id, name, sealed }) => {
      const token = sealer.open("token", sealed);
      if (token === undefined) throw new Error("a token cannot be opened with the issuer's key");
      return { id, name, token: token.reveal(), fingerprint: token.fingerprint };
    });
  } finally {
    await database.close();
  }
}

function dbFileOf(place: Place): string {
  return place.path("issuer/issuer.db");
}
