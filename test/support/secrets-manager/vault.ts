/**
 * What AWS Secrets Manager keeps, after its documented contract: the API reference of the actions named below (idempotency
 * by ClientRequestToken, staging labels, AWSCURRENT and AWSPREVIOUS) and "AWS Secrets Manager quotas" (65,536 bytes, 20
 * labels, 100 versions of which none younger than a day is removed).
 */
import { createHash } from "node:crypto";

export class AwsFault extends Error {
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

interface Version {
  readonly text: string | undefined;
  readonly binary: string | undefined;
  readonly stages: Set<string>;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly kmsKeyId: string | undefined;
  readonly versions: Map<string, Version>;
  readonly tags: Map<string, string>;
  /** What AWSCURRENT held after each change of it; null: nothing. */
  readonly trail: (string | null)[];
  deletedAt: number | undefined;
  rotationEnabled: boolean | undefined;
  owningService: string | undefined;
}

export type Input = Readonly<Record<string, unknown>>;
export type Output = Readonly<Record<string, unknown>>;

const CURRENT = "AWSCURRENT";
const PREVIOUS = "AWSPREVIOUS";

export class Vault {
  readonly #secrets = new Map<string, Secret>();
  readonly #actions: Readonly<Record<string, (input: Input) => Output>> = {
    CreateSecret: (input) => this.#create(input),
    DeleteSecret: (input) => this.#delete(input),
    DescribeSecret: (input) => this.#describe(input),
    GetSecretValue: (input) => this.#get(input),
    PutSecretValue: (input) => this.#put(input),
    TagResource: (input) => this.#tag(input),
    UpdateSecretVersionStage: (input) => this.#move(input),
  };

  act(action: string, input: Input): Output {
    const act = Object.hasOwn(this.#actions, action) ? this.#actions[action] : undefined;
    if (act === undefined) throw new AwsFault("UnknownOperationException", `no such operation: ${action}`);
    return act(input);
  }

  /** What consumers read; null when there is nothing. */
  text(name: string): string | null {
    const secret = this.#secrets.get(name);
    return (secret && currentOf(secret)?.[1].text) ?? null;
  }

  trail(name: string): readonly (string | null)[] {
    return this.#find(name).trail;
  }

  tags(name: string): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#find(name).tags);
  }

  /** Version id -> labels, those without a label included. */
  versions(name: string): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#find(name).versions].map(([id, { stages }]) => [id, [...stages]]));
  }

  kmsKey(name: string): string | undefined {
    return this.#find(name).kmsKeyId;
  }

  /** As a service of AWS, or its rotation, would have left the secret. */
  alter(name: string, change: { readonly rotationEnabled?: boolean; readonly owningService?: string }): void {
    Object.assign(this.#find(name), change);
  }

  #create(input: Input): Output {
    const name = text(input, "Name");
    const existing = this.#secrets.get(name);
    if (existing?.deletedAt !== undefined) {
      throw new AwsFault("InvalidRequestException", "a secret with this name is already scheduled for deletion");
    }
    const id = versionId(input);
    if (existing !== undefined) {
      const same = existing.versions.get(id);
      if (same === undefined || !sameContent(same, input)) {
        throw new AwsFault("ResourceExistsException", `the secret ${name} already exists`);
      }
      return { ARN: existing.arn, Name: name, VersionId: id };
    }
    const suffix = createHash("sha256").update(name).digest("hex").slice(0, 6);
    const secret: Secret = {
      name,
      arn: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-${suffix}`,
      kmsKeyId: optionalText(input, "KmsKeyId"),
      versions: new Map(),
      tags: tagsOf(input),
      trail: [],
      deletedAt: undefined,
      rotationEnabled: undefined,
      owningService: undefined,
    };
    if (hasContent(input)) addVersion(secret, id, input, [CURRENT]);
    this.#secrets.set(name, secret);
    return { ARN: secret.arn, Name: name, ...(hasContent(input) ? { VersionId: id } : {}) };
  }

  #delete(input: Input): Output {
    const secret = this.#find(text(input, "SecretId"));
    secret.deletedAt = 1_780_000_000;
    return { ARN: secret.arn, Name: secret.name, DeletionDate: secret.deletedAt };
  }

  #describe(input: Input): Output {
    const secret = this.#find(text(input, "SecretId"));
    const labelled = [...secret.versions].filter(([, { stages }]) => stages.size > 0);
    return {
      ARN: secret.arn,
      Name: secret.name,
      KmsKeyId: secret.kmsKeyId,
      RotationEnabled: secret.rotationEnabled,
      OwningService: secret.owningService,
      DeletedDate: secret.deletedAt,
      Tags: [...secret.tags].map(([Key, Value]) => ({ Key, Value })),
      VersionIdsToStages: Object.fromEntries(labelled.map(([id, { stages }]) => [id, [...stages]])),
    };
  }

  #get(input: Input): Output {
    const secret = this.#findLive(input);
    const id = optionalText(input, "VersionId");
    const stage = optionalText(input, "VersionStage") ?? (id === undefined ? CURRENT : undefined);
    const found = [...secret.versions].find(
      ([each, version]) => (id === undefined || each === id) && (stage === undefined || version.stages.has(stage)),
    );
    if (found === undefined) {
      const which = stage === undefined ? `version ${id}` : `staging label: ${stage}`;
      throw new AwsFault(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${which}`,
      );
    }
    const [VersionId, { text: SecretString, binary: SecretBinary, stages }] = found;
    return { ARN: secret.arn, Name: secret.name, VersionId, SecretString, SecretBinary, VersionStages: [...stages] };
  }

  #put(input: Input): Output {
    const secret = this.#findLive(input);
    const id = versionId(input);
    const existing = secret.versions.get(id);
    if (existing !== undefined && !sameContent(existing, input)) {
      throw new AwsFault("ResourceExistsException", "this token was used with other content");
    }
    if (existing === undefined) addVersion(secret, id, input, stagesOf(input) ?? [CURRENT]);
    const stages = [...(secret.versions.get(id)?.stages ?? [])];
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: stages };
  }

  #move(input: Input): Output {
    const secret = this.#findLive(input);
    const stage = text(input, "VersionStage");
    const [to, from] = [optionalText(input, "MoveToVersionId"), optionalText(input, "RemoveFromVersionId")];
    const holder = [...secret.versions].find(([, { stages }]) => stages.has(stage))?.[0];
    for (const id of [to, from]) {
      if (id !== undefined && !secret.versions.has(id))
        throw new AwsFault("ResourceNotFoundException", `no version ${id}`);
    }
    if (from !== undefined && from !== holder) {
      throw new AwsFault("InvalidParameterException", `the label ${stage} is not attached to version ${from}`);
    }
    if (to !== undefined && holder !== undefined && holder !== to && from === undefined) {
      throw new AwsFault("InvalidParameterException", `RemoveFromVersionId can't be empty: ${stage} is on ${holder}`);
    }
    if (to === undefined && stage === CURRENT) {
      throw new AwsFault("InvalidParameterException", "AWSCURRENT can be moved, but not removed");
    }
    if (to === undefined) secret.versions.get(from ?? "")?.stages.delete(stage);
    else attach(secret, to, stage);
    return { ARN: secret.arn, Name: secret.name };
  }

  #tag(input: Input): Output {
    const secret = this.#findLive(input);
    for (const [key, value] of tagsOf(input)) secret.tags.set(key, value);
    return {};
  }

  #findLive(input: Input): Secret {
    const secret = this.#find(text(input, "SecretId"));
    if (secret.deletedAt === undefined) return secret;
    throw new AwsFault(
      "InvalidRequestException",
      "You can't perform this operation: the secret was marked for deletion",
    );
  }

  #find(id: string): Secret {
    const found = this.#secrets.get(id) ?? [...this.#secrets.values()].find(({ arn }) => arn === id);
    if (found === undefined) {
      throw new AwsFault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    return found;
  }
}

function addVersion(secret: Secret, id: string, input: Input, stages: readonly string[]): void {
  if (!hasContent(input)) throw new AwsFault("InvalidParameterException", "SecretString or SecretBinary is required");
  const content = optionalText(input, "SecretString");
  if (content !== undefined && Buffer.byteLength(content) > 65_536) {
    throw new AwsFault("ValidationException", "Value at 'secretString' failed to satisfy constraint: length <= 65536");
  }
  if (secret.versions.size >= 100) throw new AwsFault("LimitExceededException", "too many versions of this secret");
  const isFirst = secret.versions.size === 0;
  secret.versions.set(id, { text: content, binary: optionalText(input, "SecretBinary"), stages: new Set() });
  for (const stage of new Set(isFirst ? [CURRENT, ...stages] : stages)) attach(secret, id, stage);
}

/** A label is on one version only; AWSPREVIOUS goes to the version that AWSCURRENT leaves. */
function attach(secret: Secret, id: string, stage: string): void {
  const before = [...secret.versions].find(([, { stages }]) => stages.has(stage))?.[0];
  if (before === id) return;
  for (const { stages } of secret.versions.values()) stages.delete(stage);
  secret.versions.get(id)?.stages.add(stage);
  if (stage !== CURRENT) return;
  secret.versions.get(id)?.stages.delete(PREVIOUS);
  if (before !== undefined) attach(secret, before, PREVIOUS);
  secret.trail.push(currentOf(secret)?.[1].text ?? null);
}

function currentOf(secret: Secret): [string, Version] | undefined {
  return [...secret.versions].find(([, { stages }]) => stages.has(CURRENT));
}

function versionId(input: Input): string {
  const id = text(input, "ClientRequestToken");
  if (id.length >= 32 && id.length <= 64) return id;
  throw new AwsFault("InvalidParameterException", "ClientRequestToken must have 32 to 64 characters");
}

function hasContent(input: Input): boolean {
  return input["SecretString"] !== undefined || input["SecretBinary"] !== undefined;
}

function sameContent(version: Version, input: Input): boolean {
  return version.text === input["SecretString"] && version.binary === input["SecretBinary"];
}

function stagesOf(input: Input): readonly string[] | undefined {
  const stages = input["VersionStages"];
  return Array.isArray(stages) && stages.length > 0 ? stages.map(String) : undefined;
}

function tagsOf(input: Input): Map<string, string> {
  const tags = Array.isArray(input["Tags"]) ? (input["Tags"] as readonly { Key: string; Value: string }[]) : [];
  return new Map(tags.map(({ Key, Value }) => [Key, Value]));
}

function text(input: Input, key: string): string {
  const value = optionalText(input, key);
  if (value === undefined) throw new AwsFault("InvalidParameterException", `${key} is required`);
  return value;
}

function optionalText(input: Input, key: string): string | undefined {
  const value = input[key];
  return typeof value === "string" ? value : undefined;
}
