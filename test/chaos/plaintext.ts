import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Place } from "../e2e/place.ts";

/** Where secrets rightly are: targets with their previous and half-written files, keys and passwords in their own files. */
const THEIR_OWN = /^(?:var\/secrets\/|tmp\/by-hand-|.*\.(?:key|pem|password)$|[^/]+\.(?:token|secret)$)/;
const PART_CHARS = 60;

/** Looks for what must be nowhere in the clear. */
export class Plaintext {
  readonly found = new Set<string>();
  readonly #needles = new Map<string, readonly Buffer[]>();

  /** As it is, and as other code might have written it. */
  addSecret(name: string, secret: string): void {
    if (this.#needles.has(name)) return;
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      bytes.toString("base64").replace(/=+$/, ""),
      bytes.toString("hex"),
    ];
    this.#needles.set(
      name,
      [...new Set(forms)].map((form) => Buffer.from(form)),
    );
  }

  /** A JWT by its signature and by its packed claims, for whole it has both; of any other the part that is secret. */
  addToken(token: string): void {
    const [, claims, signature] = token.split(".");
    if (claims === undefined || signature === undefined) {
      const secret = token.split("/").at(-1) ?? token;
      return this.addSecret(`the token ${secret.slice(0, 8)}…`, secret);
    }
    this.#needles.set(`the claims of ${signature.slice(0, 8)}…`, [Buffer.from(claims.slice(-PART_CHARS))]);
    this.#needles.set(`the signature ${signature.slice(0, 8)}…`, [Buffer.from(signature.slice(0, PART_CHARS))]);
  }

  async addKeyOf(place: Place): Promise<void> {
    const key = await readFile(`${place.stateFile}.key`, "utf8").catch(() => "");
    if (key.trim() !== "") this.addSecret("the key of the state", key.trim());
  }

  look(where: string, content: Buffer | string): void {
    const bytes = Buffer.from(content);
    for (const [name, forms] of this.#needles) {
      if (forms.some((form) => bytes.includes(form))) this.found.add(`${name} in ${where}`);
    }
  }

  /** Every file of a place. One that goes away meanwhile is nowhere. */
  async lookAtFiles(place: Place, folder = place.folder): Promise<void> {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      const name = relative(place.folder, file);
      if (!entry.isFile() || THEIR_OWN.test(name)) continue;
      this.look(name, await readFile(file).catch(() => ""));
    }
  }
}
