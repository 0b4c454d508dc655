/** The engine with the real FlowAuth client, over real sockets, on a stand-in behind a hostile front. Time is a fake clock's. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { paceOf } from "../../src/core/decide.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { DomainEvent, EventMap, EventType } from "../../src/core/events.ts";
import type { Clock, HttpClient, HttpOptions, Issuer, Place } from "../../src/core/ports.ts";
import type { TokenRecord } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import type { DeclaredTarget, DeclaredToken, TargetFormat } from "../../src/core/token.ts";
import { ClockWatch } from "../../src/engine/clock-watch.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Fleet } from "../../src/engine/fleet.ts";
import { Sweeper } from "../../src/engine/sweeper.ts";
import { flowauth } from "../../src/issuers/flowauth/index.ts";
import { createHttpClient } from "../../src/runtime/http-client.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";
import { FakePlace } from "./fake-place.ts";
import { FakeRandom } from "./fake-random.ts";
import { makeSigningKey, type SigningKey } from "./flowauth/jwt.ts";
import { FakeFlowAuth } from "./flowauth/server.ts";
import { HostileFront } from "./hostile-front.ts";
import { limitsCountFrom } from "./late-limits.ts";
import { SteppingClock } from "./stepping-clock.ts";
import type { Certificate } from "./tls-certificate.ts";

export const KEY = "token-1";
export const NAME = "airflow-flowapi";
export const PASSWORD = "correct horse";
/** Real time, from when a call came whose answer is made to be late. */
const HASTY_MS = 150;
const TICK_MS = 1_000;

export const signingKey: SigningKey = makeSigningKey();

export interface HostileOptions {
  readonly place?: (clock: Clock) => Place;
  readonly format?: TargetFormat;
  readonly certificate?: Certificate;
  readonly lifetime?: string;
  /** Holds the calls that are spoilt to a short time. */
  readonly hasty?: boolean;
  readonly maxResponse?: string;
}

/** One token of 30 hours for one target whose readers hold it for an hour: due after 20 hours, deadline after 28:58. */
export class HostileWorld implements AsyncDisposable {
  readonly clock = new SteppingClock();
  readonly events: DomainEvent[] = [];
  readonly issuerSide: FakeFlowAuth;
  readonly front: HostileFront;
  /** Where redirects and keys in headers point; nothing may ever arrive there. */
  readonly trap = new Trap();
  readonly state: StateStore;
  readonly place: Place;
  readonly secrets = new Map<string, string>([
    ["PASSWORD", PASSWORD],
    ["KEY", signingKey.publicPem],
  ]);
  readonly #options: HostileOptions;
  readonly #sweeper: Sweeper;
  readonly #random: FakeRandom;
  /** Fingerprint of the first token. */
  first = "";
  #issuer: Issuer | undefined;
  #fleet: Fleet | undefined;

  private constructor(state: StateStore, random: FakeRandom, options: HostileOptions) {
    this.state = state;
    this.#random = random;
    this.#options = options;
    this.issuerSide = new FakeFlowAuth(this.clock, signingKey);
    const { certificate } = options;
    this.front = new HostileFront({
      backend: () => this.issuerSide.url,
      callOf: flowAuthCall,
      now: () => this.clock.now(),
      ...(certificate === undefined ? {} : { certificate }),
    });
    if (certificate !== undefined) this.secrets.set("ca.pem", certificate.cert);
    this.place = options.place?.(this.clock) ?? new FakePlace(this.clock);
    const engine: Engine = {
      clock: this.clock,
      random,
      state,
      emit: (event) => void this.events.push(event),
      holder: "daemon-1",
      watch: new ClockWatch(this.clock),
      fleet: () => this.#fleetNow,
    };
    this.#sweeper = new Sweeper(engine);
  }

  static async start(options: HostileOptions = {}): Promise<HostileWorld> {
    const random = new FakeRandom(1);
    const state = await openSqliteState({ file: ":memory:", keys: [], random });
    const world = new HostileWorld(state, random, options);
    await Promise.all([world.issuerSide.start(), world.front.start(), world.trap.start()]);
    await world.newClient();
    const { key, issuer, targets } = world.declared;
    const enrolled = { key, issuer, targets: targets.map(({ label, store }) => ({ label, store })) };
    await state.enrol([enrolled], world.clock.now());
    return world;
  }

  /** As a restart does: no session, no remembered ids. */
  async newClient(): Promise<void> {
    await this.#issuer?.close();
    const issuer = this.#makeIssuer();
    const declared = this.declared;
    const berths = declared.targets.map((target) => ({ declared: target, place: this.place }));
    const member = { declared, pace: paceOf(declared, 2 * TICK_MS), issuer, berths };
    this.#issuer = issuer;
    this.#fleet = {
      members: new Map([[KEY, member]]),
      commands: { run: () => Promise.reject(new TypeError("no hook is declared")) },
      readSecret: () => Promise.reject(new TypeError("no hook is declared")),
      describe() {
        throw new TypeError("nobody asks for a token that is not declared");
      },
    };
  }

  // ---------------------------------------------------------------- what is there

  get fake(): FakePlace {
    if (this.place instanceof FakePlace) return this.place;
    throw new TypeError("this world has another place");
  }

  async token(): Promise<TokenRecord> {
    const record = await this.state.token(KEY);
    if (record === undefined) throw new TypeError("no token");
    return record;
  }

  async incidents(): Promise<readonly string[]> {
    return (await this.state.incidents()).map((incident) => incident.reason);
  }

  told<T extends EventType>(type: T): readonly (EventMap[T] & { readonly at: number })[] {
    return this.events.filter((event) => event.type === type) as unknown as (EventMap[T] & { at: number })[];
  }

  /** The tokens that the issuer made, oldest first. */
  get made(): readonly string[] {
    return this.issuerSide.rows.map((row) => row.token);
  }

  // ---------------------------------------------------------------- what happens to it

  /** Everything that can happen at this instant has happened, real answers and all. */
  async rest(): Promise<void> {
    for (let still = 0; still < 2; still += 1) {
      await this.#sweeper.sweep();
      await this.#sweeper.current();
      await new Promise((resolve) => setImmediate(resolve));
      if ((await this.state.due(this.clock.now(), 1)).length > 0) still = 0;
    }
  }

  async run(ms: number): Promise<void> {
    await this.until(() => false, ms);
  }

  /** Moves time on until something is the case, or the time is over; true when it is the case. */
  async until(isSo: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
    const endMs = this.clock.monotonic + limitMs;
    for (let steps = 0; ; steps += 1) {
      if (steps > 2_000) throw new Error("hot loop");
      await this.rest();
      if (await isSo()) return true;
      const leftMs = endMs - this.clock.monotonic;
      if (leftMs <= 0) return false;
      const wakeAt = (await this.state.nextWakeAt()) ?? Infinity;
      const wakeInMs = wakeAt > this.clock.now() ? wakeAt - this.clock.now() : TICK_MS;
      await this.clock.advance(Math.max(1, Math.min(leftMs, wakeInMs, this.clock.nextTimerInMs)));
    }
  }

  /** The first token is made and in place, and the moment has come at which its renewal is due. */
  async untilDue(): Promise<void> {
    await this.run(20 * HOUR_MS - 1);
    if (this.made.length !== 1) throw new Error("the first token was not made");
    this.first = (await this.token()).desired?.fingerprint ?? "";
    await this.newClient();
  }

  /**
   * As `untilDue`, for a world that went on well until now: a new life begins with the token in use, under the id that the
   * first one had, so that the answers are as long as ever.
   */
  async untilDueAgain(): Promise<void> {
    const { rows } = this.issuerSide;
    rows.splice(0, rows.length, ...rows.slice(-1).map((row) => ({ ...row, id: 100 })));
    const { desired } = await this.token();
    await this.run((desired?.expAt ?? 0) - 10 * HOUR_MS - 1 - this.clock.now());
    this.first = desired?.fingerprint ?? "";
    this.events.length = 0;
    this.fake.written.splice(0, this.fake.written.length, ...this.made);
    await this.newClient();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#issuer?.close();
    await Promise.all([this.front.close(), this.issuerSide.close(), this.trap.close()]);
    await this.state.close();
  }

  // ---------------------------------------------------------------- what is declared

  get declared(): DeclaredToken {
    const target: DeclaredTarget = {
      label: "a",
      identity: "a",
      store: "store",
      address: {},
      format: this.#options.format ?? { kind: "raw" },
      holdMs: HOUR_MS,
      propagationMs: MINUTE_MS,
      observeMs: 30 * HOUR_MS,
      create: true,
      reload: null,
    };
    return {
      key: KEY,
      identity: KEY,
      issuer: "issuer",
      name: NAME,
      comment: null,
      labels: {},
      create: true,
      request: this.#request,
      policy: {
        key: "default",
        renewBefore: { share: 1 / 3 },
        jitter: { ms: 0 },
        repairMs: 2 * HOUR_MS,
        renewEveryMs: null,
        windows: [],
      },
      targets: [target],
    };
  }

  get #request(): DeclaredToken["request"] {
    const { lifetime = "30h" } = this.#options;
    return flowauth.readRequest(
      flowauth.request.parse({ server: "flowapi-prod", roles: ["viewer", "runner"], lifetime }),
      this.#issuerOptions,
    );
  }

  get #issuerOptions(): ReturnType<typeof flowauth.options.parse> {
    const { certificate, maxResponse = "1MiB" } = this.#options;
    return flowauth.options.parse({
      url: this.front.url,
      username: "flowbot",
      password: { env: "PASSWORD" },
      public_keys: [{ env: "KEY" }],
      max_response: maxResponse,
      ...(certificate === undefined ? {} : { ca: { file: "ca.pem" } }),
    });
  }

  get #fleetNow(): Fleet {
    if (this.#fleet === undefined) throw new TypeError("not started");
    return this.#fleet;
  }

  #makeIssuer(): Issuer {
    return flowauth.create({
      key: "issuer",
      options: this.#issuerOptions,
      declared: [{ name: NAME, request: this.#request }],
      http: (http) => this.#http(http),
      clock: this.clock,
      random: this.#random,
      readSecret: (ref) => {
        const text = this.secrets.get("env" in ref ? ref.env : "file" in ref ? ref.file : "");
        if (text === undefined) return Promise.reject(new RenewdError("secret_unreadable", "no such secret"));
        return Promise.resolve(new SecretText(text));
      },
      resolvePath: (path) => path,
    });
  }

  #http(options: HttpOptions): HttpClient {
    const patient = createHttpClient(options);
    const hasty = createHttpClient({ ...options, timeoutMs: HASTY_MS });
    const isHasty = (call: string): boolean => this.#options.hasty === true && this.front.isSpoilt(call);
    return {
      send: (request) => {
        if (!isHasty(request.call)) return patient.send(request);
        using _ = limitsCountFrom(this.front.arrival(request.call));
        return hasty.send(request);
      },
      close: async () => void (await Promise.all([patient.close(), hasty.close()])),
    };
  }
}

/** Counts who comes. */
class Trap {
  requests = 0;
  readonly #http: Server = createServer((_, response) => {
    this.requests += 1;
    response.end("{}");
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }
}

/** The names that the client itself gives to its calls. */
function flowAuthCall(method: string, path: string): string {
  if (path === "/signin") return "sign_in";
  if (path === "/tokens/servers") return "servers";
  if (path.startsWith("/user/roles/")) return "roles";
  if (path.endsWith("/renew")) return "renew";
  return method === "GET" ? "list" : "mint";
}
