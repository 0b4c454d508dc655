/** A world whose target is a secret of Secrets Manager, spoken to by the real store through a hostile front. */
import { RenewdError } from "../../src/core/errors.ts";
import type { Place, Store } from "../../src/core/ports.ts";
import { storeTypes } from "../../src/stores/index.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { HostileFront } from "./hostile-front.ts";
import { type HostileOptions, HostileWorld } from "./hostile-world.ts";
import { startSecretsManager, type SecretsManagerFake } from "./secrets-manager/index.ts";

export const SECRET = "airflow/variables/FLOWAPI_TOKEN";

/** Longer than any call takes that is answered. */
const PATIENT = "10s";

export interface AwsOptions {
  /** For each call while some are spoilt, in real time. */
  readonly timeout?: string;
}

export class HostileAws implements AsyncDisposable {
  readonly fake: SecretsManagerFake;
  readonly front: HostileFront;
  readonly world: HostileWorld;
  readonly #stores: readonly Store[];

  private constructor(fake: SecretsManagerFake, front: HostileFront, stores: readonly Store[], world: HostileWorld) {
    this.fake = fake;
    this.front = front;
    this.#stores = stores;
    this.world = world;
  }

  /** The first token is in place and its renewal is due. */
  static async start({ timeout = PATIENT }: AwsOptions = {}): Promise<HostileAws> {
    const fake = await startSecretsManager();
    let now = (): number => 0;
    const front = new HostileFront({
      backend: () => fake.url,
      callOf: (_, __, headers) => headers["x-amz-target"]?.replace("secretsmanager.", "") ?? "",
      now: () => now(),
    });
    await front.start();
    const [hasty, patient] = [openStore(front.url, timeout), openStore(front.url, PATIENT)];
    const [spoilt, well] = [openPlace(hasty), openPlace(patient)];
    const place = (): Place => (front.isSpoilt() ? spoilt : well);
    const options: HostileOptions = {
      place: () => ({
        preflight: (signal) => place().preflight(signal),
        observe: (signal) => place().observe(signal),
        write: (token, given) => place().write(token, given),
      }),
    };
    const world = await HostileWorld.start(options);
    now = () => world.clock.now();
    await world.untilDue();
    front.seen.length = 0;
    return new HostileAws(fake, front, [hasty, patient], world);
  }

  /** What AWSCURRENT held, one after another. */
  get trail(): readonly (string | null)[] {
    return this.fake.vault.trail(SECRET);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await Promise.all(this.#stores.map((store) => store.close()));
    await Promise.all([this.front.close(), this.fake.close()]);
  }
}

function openStore(endpoint: string, timeout: string): Store {
  const type = storeTypes.find((each) => each.type === "aws-secrets-manager");
  if (type === undefined) throw new TypeError("no such store");
  return type.create({
    key: "store",
    options: type.options.parse({ region: "eu-west-1", endpoint, timeout }),
    instance: "test",
    clock: systemClock,
    random: systemRandom,
    readSecret: () => Promise.reject(new RenewdError("secret_unreadable", "none is needed")),
    resolvePath: (path) => path,
    called: () => undefined,
  });
}

function openPlace(store: Store): Place {
  const times = { holdMs: 0, propagationMs: 0, observeMs: 0 };
  const identity = { label: "a", identity: "a", store: "store", address: { secret: SECRET } };
  return store.open({ ...identity, ...times, format: { kind: "raw" }, create: true, reload: null });
}
