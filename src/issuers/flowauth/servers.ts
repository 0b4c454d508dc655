import { z } from "zod";
import { RenewdError } from "../../core/errors.ts";
import { readJson } from "../answers.ts";
import { rowId } from "./answers.ts";
import { toError } from "./refusals.ts";
import type { Session } from "./session.ts";
import { SharedWork } from "../shared-work.ts";

const serverRows = z.array(z.object({ id: rowId, server_name: z.string() })).max(10_000);

/** The ids of the servers on which the account has a role, by name (GET /tokens/servers, fact sheet §3). */
export class Servers {
  readonly #session: Session;
  readonly #where: string;
  #ids: ReadonlyMap<string, number> = new Map();
  #reading: SharedWork<ReadonlyMap<string, number>> | undefined;

  constructor(session: Session, url: string) {
    this.#session = session;
    this.#where = `servers of ${url}`;
  }

  /** Asks only for a name that it has not seen. Throws `server_unknown`, with nothing sent of what it is needed for. */
  async idOf(name: string, signal: AbortSignal): Promise<number> {
    const id = this.#ids.get(name) ?? (await this.#read(signal)).get(name);
    if (id !== undefined) return id;
    const message = `${this.#where}: the account has no role on a server named ${JSON.stringify(name)}`;
    throw new RenewdError("server_unknown", message, { sent: false });
  }

  /** After a 404: a server deleted and made again has another id. */
  forget(): void {
    this.#ids = new Map();
  }

  async #read(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    if (this.#reading === undefined || this.#reading.abandoned) {
      const reading: SharedWork<ReadonlyMap<string, number>> = new SharedWork((all) =>
        this.#fetch(all).finally(() => {
          if (this.#reading === reading) this.#reading = undefined;
        }),
      );
      this.#reading = reading;
    }
    return this.#reading.join(signal);
  }

  async #fetch(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const answer = await this.#session.call({ call: "servers", path: "/tokens/servers" }, signal);
    if (!answer.ok) throw toError("servers", answer.refusal, this.#where);
    const rows = await readJson(answer.response, serverRows, this.#where);
    this.#ids = new Map(rows.map((row) => [row.server_name, row.id]));
    return this.#ids;
  }
}
