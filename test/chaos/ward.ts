import { stat } from "node:fs/promises";
import type { Renewd } from "../support/process.ts";
import { calm } from "./calm.ts";
import { reckon } from "./oracle.ts";
import type { Site } from "./site.ts";

/** What a case finds wrong. */
export class CaseFailed extends Error {}

/** Why a case cannot be tried on this machine. */
export class NotPossible extends Error {}

/** A place whose state comes to harm, and what must hold of it. */
export class Ward {
  readonly site: Site;
  readonly stateFile: string;

  constructor(site: Site, stateFile: string) {
    this.site = site;
    this.stateFile = stateFile;
  }

  /** The daemon once all is delivered. */
  async begin(): Promise<Renewd> {
    const daemon = this.site.start();
    await calm(this.site);
    return daemon;
  }

  /** All is delivered, and nobody is at work any more. */
  async prepare(): Promise<void> {
    const { code } = await (await this.begin()).stop();
    must(code === 0, `the daemon ended with ${code}`);
  }

  /** The start ends with the exit code of the state, and says what the operator needs to hear. */
  async isRefused(...says: readonly RegExp[]): Promise<void> {
    const daemon = this.site.start();
    const started = daemon.event("daemon:started").then(
      () => true,
      () => false,
    );
    const up = await Promise.race([started, daemon.ended.then(() => false)]);
    if (up) await daemon.kill();
    const { code, stderr } = await daemon.ended;
    must(!up, `the daemon started all the same; it said ${stderr.slice(0, 1_000)}`);
    must(code === 4, `exit code ${code}: ${stderr}`);
    for (const each of says) must(each.test(stderr), `its refusal does not say ${each}: ${stderr}`);
  }

  /** Started, all is as it was: nothing minted, nothing written, everything known. */
  async isAsBefore(before: Found): Promise<Renewd> {
    const daemon = await this.begin();
    const after = await this.look();
    must(after.minted === before.minted, `${after.minted - before.minted} token(s) were minted`);
    must(after.held === before.held, `the targets held ${before.held}, now ${after.held}`);
    must(after.writtenAtMs === before.writtenAtMs, "a target was written although it held the newest token");
    await this.knowsAll();
    return daemon;
  }

  /** Nothing that the issuer made is unknown. */
  async knowsAll(): Promise<void> {
    const { orphans } = await reckon(this.site.side, this.stateFile);
    must(orphans.length === 0, `orphans: ${orphans.join(", ")}`);
  }

  /** What the issuer made and the targets hold. */
  async look(): Promise<Found> {
    const held = await Promise.all(this.site.berths.map((berth) => berth.read()));
    const { mtimeMs } = await stat(this.site.place.target.replace("FLOWAPI_TOKEN", "ALPHA"));
    const writes = this.site.aws.calls.filter(({ action }) => /^(?:Put|Create|Update)/.test(action)).length;
    const minted = (await this.site.side.made()).length;
    return { minted, held: held.map((token) => token?.slice(-8)).join(" "), writtenAtMs: mtimeMs + writes };
  }
}

export interface Found {
  readonly minted: number;
  /** The ends of the tokens, in the targets' order. */
  readonly held: string;
  /** Grows with every write of a target. */
  readonly writtenAtMs: number;
}

export function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new CaseFailed(otherwise);
}
