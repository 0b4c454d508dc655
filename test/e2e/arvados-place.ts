import { systemClock } from "../../src/runtime/clock.ts";
import { FakeArvados } from "../support/arvados/server.ts";
import type { Ended } from "../support/process.ts";
import { newPlace, type Place } from "./place.ts";

/** A place whose only issuer is an Arvados cluster (test/support/arvados) in the test's own process, by the real clock. */
export class ArvadosPlace implements AsyncDisposable {
  readonly place: Place;
  readonly server: FakeArvados;

  constructor(place: Place, server: FakeArvados) {
    this.place = place;
    this.server = server;
  }

  /** A verb that hands out a token, into a pipe. */
  run(...verb: readonly string[]): Promise<Ended> {
    return this.place.run(...verb, "--print");
  }

  /** What it handed out. */
  async token(...verb: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...verb);
    if (code !== 0) throw new Error(`${verb.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
    await this.server.close();
  }
}

export async function newArvadosPlace(): Promise<ArvadosPlace> {
  const place = await newPlace();
  const server = new FakeArvados({ clock: systemClock });
  await server.start();
  await place.write("root.token", server.rootToken);
  await place.settings(`version: 1
instance: e2e
state: { url: "sqlite:../var/renewd.db" }
http: { listen: "127.0.0.1:${place.httpPort}" }
issuers:
  cluster: { type: arvados, url: "${server.url}", token: { file: ../root.token } }
stores: {}
tokens: {}
`);
  return new ArvadosPlace(place, server);
}
