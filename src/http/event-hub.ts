import { HOUR_MS, SECOND_MS } from "../core/duration.ts";
import type { DomainEvent, Emit } from "../core/events.ts";
import type { Clock } from "../core/ports.ts";
import { present } from "../core/present.ts";
import type { Ground } from "./sessions.ts";

const CLIENTS_MAX = 50;
const CLIENTS_OF_ONE_MAX = 10;
/** Who lets so many events lie is too slow to listen. */
const BACKLOG_MAX = 256;
const HEARTBEAT_MS: number = 15 * SECOND_MS;
/** Then the stream ends and the client comes anew by itself. */
const STREAM_MS: number = HOUR_MS;

interface Client {
  readonly ground: Ground;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  readonly endsMs: number;
}

/**
 * Hands every event on to whoever listens, as server-sent events: `id`, `event` (its type) and `data` (as `present`
 * shows it). Nothing is kept for those who were away: after a gap they read the status again. What lets a listener in is asked
 * again at each heartbeat, so that who signed out or whose token was taken back does not listen on.
 */
export class EventHub {
  readonly #clock: Clock;
  readonly #clients = new Set<Client>();
  readonly #encoder = new TextEncoder();
  readonly #epoch: string;
  #told = 0;
  #stopHeartbeat: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#epoch = clock.now().toString(36);
  }

  readonly onEvent: Emit = (event) => {
    this.#told += 1;
    if (this.#clients.size > 0) this.#send(this.#format(event));
  };

  get clientCount(): number {
    return this.#clients.size;
  }

  /** A stream of what happens from now on; undefined when too many listen already, of all or of this ground. */
  open(ground: Ground): ReadableStream<Uint8Array> | undefined {
    if (this.#closed || this.#clients.size >= CLIENTS_MAX) return undefined;
    const own = [...this.#clients].filter((each) => each.ground.key === ground.key);
    if (own.length >= CLIENTS_OF_ONE_MAX) return undefined;
    let client: Client | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = { ground, controller, endsMs: this.#clock.monotonicMs() + STREAM_MS };
          this.#clients.add(client);
          controller.enqueue(this.#encoder.encode("retry: 3000\n\n"));
          this.#stopHeartbeat ??= this.#clock.after(HEARTBEAT_MS, () => this.#beat());
        },
        cancel: () => {
          if (client !== undefined) this.#forget(client);
        },
      },
      new CountQueuingStrategy({ highWaterMark: BACKLOG_MAX }),
    );
  }

  /** Ends every stream; no more are opened. */
  close(): void {
    this.#closed = true;
    for (const client of this.#clients) this.#end(client);
  }

  #format(event: DomainEvent): string {
    return `id: ${this.#epoch}-${this.#told}\nevent: ${event.type}\ndata: ${JSON.stringify(present(event))}\n\n`;
  }

  #send(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (const client of this.#clients) {
      if ((client.controller.desiredSize ?? 0) > 0) client.controller.enqueue(bytes);
      else this.#end(client);
    }
  }

  /** Proxies and clients notice a dead connection by the comment that does not come. */
  #beat(): void {
    this.#stopHeartbeat = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const client of this.#clients) {
      if (nowMs >= client.endsMs) this.#end(client);
      else void this.#endUnlessLetIn(client);
    }
    this.#send(": still here\n\n");
    if (this.#clients.size > 0) this.#stopHeartbeat = this.#clock.after(HEARTBEAT_MS, () => this.#beat());
  }

  async #endUnlessLetIn(client: Client): Promise<void> {
    if ((await client.ground.roleNow()) === undefined) this.#end(client);
  }

  #end(client: Client): void {
    if (!this.#clients.has(client)) return;
    client.controller.close();
    this.#forget(client);
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = undefined;
  }
}
