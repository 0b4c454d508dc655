/**
 * The contract of stores on a server that speaks Secrets Manager's protocol, then what that protocol itself promises (our
 * own server in test/support/secrets-manager and the servers that others wrote have to agree on it), then the parts of
 * our write procedure that need no fault.
 */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Place, Store, StoreType } from "../../src/core/ports.ts";
import { storeTypes } from "../../src/stores/index.ts";
import {
  checksFor,
  failure,
  openStore,
  storeContract,
  targetAt,
  tokenNamed,
  type Address,
  type Cannot,
  type StoreSubject,
} from "./store.ts";

const NEVER = new AbortController().signal;
const ids = [..."abcdef"].map((letter) => letter.repeat(40));

export interface Endpoint {
  readonly url: string;
  close(): Promise<void>;
}

/** The store's type as the daemon has it. */
export function awsType(): StoreType {
  const found = storeTypes.find(({ type }) => type === "aws-secrets-manager");
  if (found === undefined) throw new TypeError("the list of stores has no aws-secrets-manager");
  return found;
}

/** Credentials for the SDK's default chain; no server here checks them. */
export function fakeCredentials(): void {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "example");
}

export function awsOptionsFor(url: string): Record<string, unknown> {
  return { region: "eu-west-1", endpoint: url };
}

let serial = 0;
function newSecretName(): string {
  serial += 1;
  return `renewd-test/${process.pid}/${serial}-token`;
}

/** A consumer and another writer of the same secrets, with the plain SDK. */
export class Neighbour {
  readonly client: SecretsManagerClient;

  constructor(url: string) {
    this.client = new SecretsManagerClient({ region: "eu-west-1", endpoint: url, maxAttempts: 1 });
  }

  async create(Name: string, text: string | undefined, tags: Readonly<Record<string, string>> = {}): Promise<string> {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const content = text === undefined ? {} : { SecretString: text };
    return (await this.client.send(new CreateSecretCommand({ Name, Tags, ...content }))).ARN ?? "";
  }

  put(SecretId: string, text: string, id?: string, labels?: string[]): Promise<unknown> {
    const version = { ...(id && { ClientRequestToken: id }), ...(labels && { VersionStages: labels }) };
    return this.client.send(new PutSecretValueCommand({ SecretId, SecretString: text, ...version }));
  }

  move(SecretId: string, label: string, to: string, from?: string): Promise<unknown> {
    const versions = { MoveToVersionId: to, ...(from && { RemoveFromVersionId: from }) };
    return this.client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage: label, ...versions }));
  }

  async text(SecretId: string, label = "AWSCURRENT"): Promise<string | null> {
    try {
      const command = new GetSecretValueCommand({ SecretId, VersionStage: label });
      return (await this.client.send(command)).SecretString ?? null;
    } catch (error) {
      if ((error as Error).name === "ResourceNotFoundException") return null;
      throw error;
    }
  }

  /** Label -> version id. */
  async labels(SecretId: string): Promise<Readonly<Record<string, string>>> {
    const { VersionIdsToStages = {} } = await this.client.send(new DescribeSecretCommand({ SecretId }));
    return Object.fromEntries(Object.entries(VersionIdsToStages).flatMap(([id, on]) => on.map((label) => [label, id])));
  }

  delete(SecretId: string): Promise<unknown> {
    return this.client.send(new DeleteSecretCommand({ SecretId }));
  }

  async makeOrPut(name: string, text: string): Promise<void> {
    await this.put(name, text).catch(() => this.create(name, text));
  }
}

async function subjectOn(start: () => Promise<Endpoint>): Promise<StoreSubject> {
  fakeCredentials();
  const endpoint = await start();
  const neighbour = new Neighbour(endpoint.url);
  const nameOf = (address: Address): string => String(address["secret"]);
  return {
    type: awsType(),
    options: awsOptionsFor(endpoint.url),
    newAddress: () => ({ secret: newSecretName() }),
    put: (address, text) => neighbour.makeOrPut(nameOf(address), text),
    putOfAnother: async (address, text) => {
      await neighbour.create(nameOf(address), text, { "managed-by": "external-secrets" });
    },
    text: (address) => neighbour.text(nameOf(address)),
    previous: (address) => neighbour.text(nameOf(address), "AWSPREVIOUS"),
    close: () => endpoint.close(),
  };
}

export function secretsManagerContract(name: string, start: () => Promise<Endpoint>, cannot: Cannot = {}): void {
  storeContract(name, () => subjectOn(start), cannot);
  describe(name, () => {
    const check = checksFor(cannot);
    let endpoint: Endpoint;
    let neighbour: Neighbour;
    let store: Store;

    beforeAll(async () => {
      fakeCredentials();
      endpoint = await start();
      neighbour = new Neighbour(endpoint.url);
      store = openStore(awsType(), awsOptionsFor(endpoint.url));
    });
    afterAll(async () => {
      await store.close();
      await endpoint.close();
    });

    const refused = (running: Promise<unknown>, error: string): Promise<void> =>
      expect(running).rejects.toMatchObject({ name: error });

    /** A secret with versions a and b, b being current. */
    const twoVersions = async (): Promise<string> => {
      const secret = newSecretName();
      await neighbour.create(secret, undefined);
      await neighbour.put(secret, "text a", ids[0]);
      await neighbour.put(secret, "text b", ids[1]);
      return secret;
    };

    describe("the protocol", () => {
      check("a ClientRequestToken used again for the same text changes nothing", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text a", ids[0]);
        expect(await neighbour.text(secret)).toBe("text b");
        expect(await neighbour.labels(secret)).toEqual({ AWSCURRENT: ids[1], AWSPREVIOUS: ids[0] });
      });

      check("a ClientRequestToken used again for another text is refused", async () => {
        const secret = await twoVersions();
        await refused(neighbour.put(secret, "text c", ids[1]), "ResourceExistsException");
        expect(await neighbour.text(secret)).toBe("text b");
      });

      check("a first version becomes current whatever label is asked for", async () => {
        const secret = newSecretName();
        await neighbour.create(secret, undefined);
        await neighbour.put(secret, "text a", ids[0], ["STAGED"]);
        expect(await neighbour.text(secret)).toBe("text a");
      });

      check("a staged version is not seen by consumers, and its label moves to the next one", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text c", ids[2], ["STAGED"]);
        await neighbour.put(secret, "text d", ids[3], ["STAGED"]);
        expect(await neighbour.text(secret)).toBe("text b");
        expect(await neighbour.labels(secret)).toMatchObject({ AWSCURRENT: ids[1], STAGED: ids[3] });
      });

      check("AWSCURRENT moves only from the version that carries it, and AWSPREVIOUS follows", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text c", ids[2], ["STAGED"]);
        await refused(neighbour.move(secret, "AWSCURRENT", ids[2] ?? "", ids[0]), "InvalidParameterException");
        expect(await neighbour.text(secret)).toBe("text b");
        await neighbour.move(secret, "AWSCURRENT", ids[2] ?? "", ids[1]);
        expect(await neighbour.labels(secret)).toMatchObject({ AWSCURRENT: ids[2], AWSPREVIOUS: ids[1] });
      });

      check("AWSCURRENT does not move while its holder is not named", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text c", ids[2], ["STAGED"]);
        await refused(neighbour.move(secret, "AWSCURRENT", ids[2] ?? ""), "InvalidParameterException");
        expect(await neighbour.text(secret)).toBe("text b");
      });

      check("a label of one's own moves only from its holder, too", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text c", ids[2], ["STAGED"]);
        await refused(neighbour.move(secret, "STAGED", ids[0] ?? ""), "InvalidParameterException");
      });

      check("a secret scheduled for deletion is described, not read", async () => {
        const secret = await twoVersions();
        await neighbour.delete(secret);
        const described = await neighbour.client.send(new DescribeSecretCommand({ SecretId: secret }));
        expect(described.DeletedDate).toBeInstanceOf(Date);
        await refused(neighbour.text(secret), "InvalidRequestException");
      });

      check("a secret scheduled for deletion is not written", async () => {
        const secret = await twoVersions();
        await neighbour.delete(secret);
        await refused(neighbour.put(secret, "text c", ids[2]), "InvalidRequestException");
      });

      check("a text of more than 65,536 bytes is refused", async () => {
        const secret = await twoVersions();
        await expect(neighbour.put(secret, "x".repeat(65_537), ids[2])).rejects.toThrow();
      });

      check("a secret takes a hundred versions within a day", async () => {
        const secret = newSecretName();
        await neighbour.create(secret, "text");
        for (let n = 2; n <= 100; n += 1) await neighbour.put(secret, `text ${n}`);
        await refused(neighbour.put(secret, "one more"), "LimitExceededException");
      });
    });

    describe("our procedure", () => {
      const write = (place: Place, label: string): Promise<void> =>
        place.write(tokenNamed(label), { version: null, adopt: false, signal: NEVER });
      const placeOf = (secret: string, create = false): Place => store.open(targetAt({ secret }, undefined, create));

      check("names a version after its text, and stages it under a label of our own", async () => {
        const secret = await twoVersions();
        await write(placeOf(secret), "new");
        const labels = await neighbour.labels(secret);
        const id = tokenNamed("new").sha256;
        expect(labels).toEqual({ AWSCURRENT: id, RENEWD_PENDING: id, AWSPREVIOUS: ids[1] });
      });

      check("leaves a foreign AWSPENDING where it is", async () => {
        const secret = await twoVersions();
        await neighbour.put(secret, "text c", ids[2], ["AWSPENDING"]);
        await write(placeOf(secret), "new");
        expect(await neighbour.labels(secret)).toMatchObject({ AWSPENDING: ids[2], AWSPREVIOUS: ids[1] });
      });

      check("fills a secret that has no version yet", async () => {
        const secret = newSecretName();
        await neighbour.create(secret, undefined);
        const place = placeOf(secret);
        await place.preflight(NEVER);
        expect((await place.observe(NEVER)).state).toBe("empty");
        await write(place, "new");
        expect(await neighbour.text(secret)).toBe(tokenNamed("new").reveal());
      });

      check("finds a secret by its ARN", async () => {
        const secret = newSecretName();
        const arn = await neighbour.create(secret, "old");
        await write(placeOf(arn), "new");
        expect(await neighbour.text(secret)).toBe(tokenNamed("new").reveal());
      });

      check("marks what it creates, with the operator's tags beside", async () => {
        const secret = newSecretName();
        const tagging = openStore(
          awsType(),
          { ...awsOptionsFor(endpoint.url), tags: { team: "data" } },
          { instance: "prod" },
        );
        await write(tagging.open(targetAt({ secret })), "new");
        await tagging.close();
        const { Tags = [] } = await neighbour.client.send(new DescribeSecretCommand({ SecretId: secret }));
        const tags = Object.fromEntries(Tags.map(({ Key = "", Value }) => [Key, Value]));
        expect(tags).toEqual({ team: "data", "managed-by": "renewd", "renewd:instance": "prod" });
      });

      check("takes a secret over that the target declares as adopted, and marks it", async () => {
        const secret = newSecretName();
        await neighbour.create(secret, "old", { "managed-by": "terraform" });
        const place = store.open(targetAt({ secret, adopt: true }));
        expect((await place.observe(NEVER)).owner).toBe("ours");
        await write(place, "new");
        expect((await placeOf(secret).observe(NEVER)).owner).toBe("ours");
      });

      check("refuses a secret that is being deleted", async () => {
        const secret = await twoVersions();
        await neighbour.delete(secret);
        const place = placeOf(secret, true);
        await failure(place.preflight(NEVER), "store_unavailable");
        await failure(place.observe(NEVER), "store_unavailable");
        await failure(write(place, "new"), "store_unavailable");
      });

      check("refuses a secret that holds SecretBinary", async () => {
        const secret = newSecretName();
        const SecretBinary = new Uint8Array([1, 2, 3]);
        await neighbour.client.send(new CreateSecretCommand({ Name: secret, SecretBinary }));
        const place = placeOf(secret);
        await failure(place.preflight(NEVER), "store_invalid");
        await failure(place.observe(NEVER), "store_invalid");
        await failure(write(place, "new"), "store_invalid");
      });

      check(
        "refuses a text that is larger than Secrets Manager takes, before any call that changes something",
        async () => {
          const secret = await twoVersions();
          const before = await neighbour.labels(secret);
          await failure(write(placeOf(secret), "x".repeat(2_000)), "store_too_large");
          expect(await neighbour.labels(secret)).toEqual(before);
        },
      );
    });

    it("names only checks that exist in what this server cannot answer", (context) => {
      const names = new Set(namesUnder(context.task.suite?.file));
      expect(Object.keys(cannot).filter((each) => !names.has(each))).toEqual([]);
    });
  });
}

interface Task {
  readonly name: string;
  readonly tasks?: readonly Task[];
}

function namesUnder(task: Task | undefined): readonly string[] {
  if (task === undefined) return [];
  return [task.name.replace(/ \[.*\]$/, ""), ...(task.tasks ?? []).flatMap(namesUnder)];
}
