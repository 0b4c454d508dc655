import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UpdateSecretVersionStageCommand,
  type SecretsManagerClientConfig,
  type Tag,
} from "@aws-sdk/client-secrets-manager";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { parseDuration, SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock, StoreContext } from "../../core/ports.ts";
import {
  boundAnswers,
  checked,
  created,
  type Described,
  described,
  type SecretValue,
  secretValue,
  staged,
} from "./answers.ts";
import { awsError, statusOf } from "./errors.ts";
import type { AwsOptions } from "./options.ts";

/** The label that consumers read by. */
export const CURRENT = "AWSCURRENT";

/** The label of a version that is written but not promoted; AWSPENDING belongs to Secrets Manager's own rotation. */
const STAGED = "RENEWD_PENDING";

const READ_ATTEMPTS = 3;
const CONNECT_MS = 3 * SECOND_MS;

export type Tags = Readonly<Record<string, string>>;

/** The calls we make of one account and region. Each failure is a `RenewdError`. */
export interface SecretsApi {
  /** Null when there is no such secret. */
  describe(secret: string, signal: AbortSignal): Promise<Described | null>;
  /** The version of this id, or (null) the one that consumers read. */
  read(secret: string, versionId: string | null, signal: AbortSignal): Promise<SecretValue>;
  /** May be repeated, because the version id stands for the text. Answers the labels of the version. */
  stage(secret: string, versionId: string, text: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Compare-and-swap of AWSCURRENT: fails when `from` does not carry it any more (null: when any version does). */
  promote(secret: string, from: string | null, to: string, signal: AbortSignal): Promise<void>;
  /** Answers the id of the first version, which AWS makes from the one given. */
  create(secret: string, versionId: string, text: string, tags: Tags, signal: AbortSignal): Promise<string>;
  tag(secret: string, tags: Tags, signal: AbortSignal): Promise<void>;
  close(): void;
}

/**
 * Two SDK clients: reads may be repeated by the SDK. What changes something is sent once, because the SDK would repeat
 * a promotion whose answer was lost (to be told that it is wrong) and a write that met a quota; the place looks instead.
 */
export function secretsApi(context: StoreContext<AwsOptions>): SecretsApi {
  const { options, clock, called } = context;
  const timeoutMs = parseDuration(options.timeout) ?? 10 * SECOND_MS;
  const reader = boundAnswers(new SecretsManagerClient(clientConfig(context, timeoutMs, READ_ATTEMPTS)));
  const writer = boundAnswers(new SecretsManagerClient(clientConfig(context, timeoutMs, 1)));

  async function call<T>(action: string, secret: string, signal: AbortSignal, send: Send<T>): Promise<T> {
    try {
      const answer = await withinLimit(clock, READ_ATTEMPTS * timeoutMs, signal, send);
      called(action, "200");
      return answer;
    } catch (error) {
      called(action, statusOf(error));
      throw awsError(error, action, secret);
    }
  }

  return {
    async describe(secret, signal) {
      try {
        const command = new DescribeSecretCommand({ SecretId: secret });
        const answer = await call("DescribeSecret", secret, signal, (abort) => reader.send(command, abort));
        return checked(described, answer, "DescribeSecret", secret);
      } catch (error) {
        if (error instanceof RenewdError && error.code === "store_absent") return null;
        throw error;
      }
    },
    async read(secret, versionId, signal) {
      const which = versionId === null ? { VersionStage: CURRENT } : { VersionId: versionId };
      const command = new GetSecretValueCommand({ SecretId: secret, ...which });
      const answer = await call("GetSecretValue", secret, signal, (abort) => reader.send(command, abort));
      return checked(secretValue, answer, "GetSecretValue", secret);
    },
    async stage(secret, versionId, text, signal) {
      const version = { ClientRequestToken: versionId, SecretString: text, VersionStages: [STAGED] };
      const command = new PutSecretValueCommand({ SecretId: secret, ...version });
      const answer = await call("PutSecretValue", secret, signal, (abort) => writer.send(command, abort));
      return checked(staged, answer, "PutSecretValue", secret).VersionStages ?? [];
    },
    async promote(secret, from, to, signal) {
      const move = { MoveToVersionId: to, ...(from === null ? {} : { RemoveFromVersionId: from }) };
      const command = new UpdateSecretVersionStageCommand({ SecretId: secret, VersionStage: CURRENT, ...move });
      await call("UpdateSecretVersionStage", secret, signal, (abort) => writer.send(command, abort));
    },
    async create(secret, versionId, text, tags, signal) {
      const version = { ClientRequestToken: versionId, SecretString: text, Tags: tagList(tags) };
      const key = options.kms_key === undefined ? {} : { KmsKeyId: options.kms_key };
      const command = new CreateSecretCommand({ Name: secret, ...version, ...key });
      const answer = await call("CreateSecret", secret, signal, (abort) => writer.send(command, abort));
      return checked(created, answer, "CreateSecret", secret).VersionId ?? versionId;
    },
    async tag(secret, tags, signal) {
      const command = new TagResourceCommand({ SecretId: secret, Tags: tagList(tags) });
      await call("TagResource", secret, signal, (abort) => writer.send(command, abort));
    },
    close() {
      reader.destroy();
      writer.destroy();
    },
  };
}

type Send<T> = (options: { readonly abortSignal: AbortSignal }) => Promise<T>;

/**
 * Ends at the caller's signal or the limit, whatever the SDK is doing: its own timeouts leave out the search for
 * credentials and an answer that trickles.
 */
async function withinLimit<T>(clock: Clock, limitMs: number, signal: AbortSignal, send: Send<T>): Promise<T> {
  if (signal.aborted) throw timeOver();
  const limit = new AbortController();
  const abortSignal = AbortSignal.any([signal, limit.signal]);
  const over = Promise.withResolvers<never>();
  const stop = (): void => over.reject(timeOver());
  abortSignal.addEventListener("abort", stop, { once: true });
  const cancel = clock.after(limitMs, () => limit.abort());
  try {
    return await Promise.race([send({ abortSignal }), over.promise]);
  } finally {
    abortSignal.removeEventListener("abort", stop);
    cancel();
  }
}

function timeOver(): Error {
  return Object.assign(new Error("the time for the call was over"), { name: "AbortError" });
}

/** Without `throwOnRequestTimeout` the SDK only warns and waits for ever. The credentials are the SDK's default chain. */
function clientConfig(
  { options, instance }: StoreContext<AwsOptions>,
  timeoutMs: number,
  maxAttempts: number,
): SecretsManagerClientConfig {
  const { region, endpoint, role_arn: role } = options;
  const requestHandler = {
    connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
    requestTimeout: timeoutMs,
    throwOnRequestTimeout: true,
  };
  const session = `renewd-${instance}`.replace(/[^\w+=,.@-]/g, "-").slice(0, 64);
  return {
    region,
    maxAttempts,
    requestHandler,
    logger: SILENT,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(role === undefined
      ? {}
      : {
          credentials: fromTemporaryCredentials({
            params: { RoleArn: role, RoleSessionName: session },
            clientConfig: { region, requestHandler },
          }),
        }),
  };
}

/** The SDK would print to the console otherwise. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}

function tagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
