import { tokenIn, withToken } from "../../core/document.ts";
import { RenewdError, type ErrorCode } from "../../core/errors.ts";
import type { Observation, Place, WriteOptions } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import type { TargetFormat } from "../../core/token.ts";
import type { Described } from "./answers.ts";
import { CURRENT, type SecretsApi, type Tags } from "./client.ts";
import { isArn } from "./options.ts";
import { creationTags, isMarked, ownerOf, ownershipTag, refuseUnusable } from "./ownership.ts";

/** AWS's quota of a secret's value. */
const MAX_BYTES = 65_536;

/** The version of a secret that does not exist. */
const ABSENT = "absent";

export interface SecretPlaceSettings {
  /** Name or ARN. */
  readonly secret: string;
  readonly format: TargetFormat;
  readonly create: boolean;
  /** The operator declared that the secret is renewd's. */
  readonly adopt: boolean;
  readonly instance: string;
  readonly tags: Tags | undefined;
}

/** The version that consumers read. */
interface Current {
  /** Null: no version carries AWSCURRENT. */
  readonly versionId: string | null;
  /** Null: there is none, or we may not read it. */
  readonly text: string | null;
  readonly sealed: boolean;
}

/** One secret, or one key of the JSON or dotenv text in it. The procedure and its reasons: README.md here. */
export class SecretPlace implements Place {
  readonly #settings: SecretPlaceSettings;
  readonly #api: SecretsApi;

  constructor(settings: SecretPlaceSettings, api: SecretsApi) {
    this.#settings = settings;
    this.#api = api;
  }

  async preflight(signal: AbortSignal): Promise<void> {
    const { secret, format } = this.#settings;
    const found = await this.#api.describe(secret, signal);
    if (found === null) return this.#refuseAbsent();
    refuseUnusable(found, secret);
    if (this.#owner(found) === "other") throw this.#notOwned();
    const current = await this.#current(found, signal);
    if (current.sealed) this.#refuseSealed();
    withToken(format, current.text, "preflight");
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    const { secret, format } = this.#settings;
    const found = await this.#api.describe(secret, signal);
    if (found === null) return { owner: "unmarked", version: ABSENT, state: "empty" };
    if (found.DeletedDate !== undefined) refuseUnusable(found, secret);
    const owner = this.#owner(found);
    const current = await this.#current(found, signal);
    const version = this.#versionOf(current);
    if (current.sealed) return { owner, version, state: "sealed", fingerprint: this.#provenFingerprint(current) };
    const token = tokenIn(format, current.text ?? "");
    if (token === null) return { owner, version, state: "empty" };
    return { owner, version, state: "holds", token: new SecretText(token) };
  }

  async write(token: SecretText, { version, adopt, signal }: WriteOptions): Promise<void> {
    const { secret, format, instance } = this.#settings;
    const found = await this.#api.describe(secret, signal);
    if (found === null) return this.#create(token, version, signal);
    refuseUnusable(found, secret);
    if (this.#owner(found) === "other" && !adopt) throw this.#notOwned();
    const current = this.#isToken(currentId(found), token)
      ? { versionId: currentId(found), text: token.reveal(), sealed: false }
      : await this.#current(found, signal);
    const done = current.text !== null && tokenIn(format, current.text) === token.reveal();
    if (!done && version !== null && version !== this.#versionOf(current)) throw this.#conflict();
    // Marked before the value changes: a crash between the two must not leave our token in a secret that is not ours.
    if ((adopt || this.#settings.adopt) && !isMarked(found, instance)) {
      await this.#api.tag(secret, ownershipTag(instance), signal);
    }
    if (done) return;
    if (current.sealed) this.#refuseSealed();
    await this.#replace(withToken(format, current.text, token.reveal()), current.versionId, signal);
  }

  /** Stage, read back, promote. Consumers see the old version or the new one at any instant. */
  async #replace(text: string, from: string | null, signal: AbortSignal): Promise<void> {
    const { secret } = this.#settings;
    const to = versionIdOf(text);
    this.#refuseTooLarge(text);
    const labels = await this.#stage(text, to, signal);
    await this.#readBack(text, to, signal);
    // AWS gives AWSCURRENT to the first version of a secret by itself.
    if (labels.includes(CURRENT)) return;
    try {
      await this.#api.promote(secret, from, to, signal);
    } catch (error) {
      await this.#settlePromotion(error, from, to, signal);
    }
  }

  async #stage(text: string, to: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await this.#api.stage(this.#settings.secret, to, text, signal);
    } catch (error) {
      if (!hasCode(error, "store_conflict")) throw error;
      throw new RenewdError(
        "store_mismatch",
        `the secret ${this.#settings.secret} has other text in our version ${to}`,
      );
    }
  }

  /** Without permission to read, the id is the proof: AWS takes it as ours only with the text that it is the hash of. */
  async #readBack(text: string, to: string, signal: AbortSignal): Promise<void> {
    const { secret } = this.#settings;
    try {
      const { SecretString: found } = await this.#api.read(secret, to, signal);
      if (found !== undefined && new SecretText(found).equals(new SecretText(text))) return;
      throw new RenewdError("store_mismatch", `the secret ${secret} does not hold what was just staged in it`);
    } catch (error) {
      if (hasCode(error, "store_denied")) return;
      if (!hasCode(error, "store_absent")) throw error;
      throw new RenewdError("store_not_visible", `the staged version of ${secret} cannot be read yet`, {
        cause: error,
      });
    }
  }

  /** A promotion that failed may have happened all the same (its answer was lost), or somebody was faster: look. */
  async #settlePromotion(failure: unknown, from: string | null, to: string, signal: AbortSignal): Promise<void> {
    const found = await this.#api.describe(this.#settings.secret, signal).catch(() => null);
    if (found === null) throw failure;
    const current = currentId(found);
    if (current === to) return;
    // InvalidParameter is how AWS says that RemoveFromVersionId does not carry the label any more.
    if (current !== from || hasCode(failure, "store_invalid")) throw this.#conflict(failure);
    throw failure;
  }

  async #create(token: SecretText, version: string | null, signal: AbortSignal): Promise<void> {
    const { secret, format, instance, tags } = this.#settings;
    if (version !== null && version !== ABSENT) throw this.#conflict();
    this.#refuseAbsent();
    const text = withToken(format, null, token.reveal());
    this.#refuseTooLarge(text);
    const id = await this.#api.create(secret, versionIdOf(text), text, creationTags(instance, tags), signal);
    await this.#readBack(text, id, signal);
  }

  async #current(found: Described, signal: AbortSignal): Promise<Current> {
    const { secret } = this.#settings;
    const versionId = currentId(found);
    if (versionId === null) return { versionId, text: null, sealed: false };
    try {
      const answer = await this.#api.read(secret, null, signal);
      if (answer.SecretBinary !== undefined) throw this.#binary();
      return { versionId: answer.VersionId ?? versionId, text: answer.SecretString ?? null, sealed: false };
    } catch (error) {
      if (hasCode(error, "store_denied")) return { versionId, text: null, sealed: true };
      throw error;
    }
  }

  #owner(found: Described): "ours" | "other" | "unmarked" {
    return ownerOf(found, this.#settings.instance, this.#settings.adopt);
  }

  /** In a shared text only our own key counts, so that a neighbour's write is no conflict. */
  #versionOf(current: Current): string {
    const { format } = this.#settings;
    if (format.kind === "raw" || current.text === null) return current.versionId ?? "none";
    const token = tokenIn(format, current.text);
    return token === null ? "key:none" : `key:${new SecretText(token).fingerprint}`;
  }

  #isToken(versionId: string | null, token: SecretText): boolean {
    return this.#settings.format.kind === "raw" && versionId === token.sha256;
  }

  #provenFingerprint({ versionId }: Current): string | null {
    const isHash = this.#settings.format.kind === "raw" && /^[0-9a-f]{64}$/.test(versionId ?? "");
    return isHash && versionId !== null ? versionId.slice(0, 16) : null;
  }

  #refuseAbsent(): void {
    const { secret, create } = this.#settings;
    if (!create) throw new RenewdError("store_absent", `there is no secret ${secret}`);
    if (isArn(secret)) throw new RenewdError("store_invalid", `${secret} cannot be created by its ARN; give its name`);
  }

  #refuseSealed(): void {
    const { secret, format } = this.#settings;
    if (format.kind === "raw") return;
    const message = `the secret ${secret} may not be read (GetSecretValue), which changing one key of it needs`;
    throw new RenewdError("store_denied", message);
  }

  #refuseTooLarge(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes <= MAX_BYTES) return;
    const message = `the text for ${this.#settings.secret} has ${bytes} bytes, Secrets Manager takes ${MAX_BYTES}`;
    throw new RenewdError("store_too_large", message);
  }

  #notOwned(): RenewdError {
    return new RenewdError("store_not_owned", `the tags of ${this.#settings.secret} say that it is somebody else's`);
  }

  #conflict(cause?: unknown): RenewdError {
    return new RenewdError("store_conflict", `the secret ${this.#settings.secret} changed since it was read`, {
      cause,
    });
  }

  #binary(): RenewdError {
    const message = `the secret ${this.#settings.secret} holds SecretBinary, which consumers of a token do not read`;
    return new RenewdError("store_invalid", message);
  }
}

function currentId(found: Described): string | null {
  const versions = Object.entries(found.VersionIdsToStages ?? {});
  return versions.find(([, stages]) => stages.includes(CURRENT))?.[0] ?? null;
}

/** Deterministic, so that a write repeated after a crash makes no second version, and its own proof of the text. */
function versionIdOf(text: string): string {
  return new SecretText(text).sha256;
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof RenewdError && error.code === code;
}
