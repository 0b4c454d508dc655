import { relative } from "node:path";
import { formatDuration } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { Settings } from "../core/settings.ts";
import { renewalAt } from "../core/status.ts";
import type { Daemon } from "./app-port.ts";
import type { Cli } from "./command.ts";
import { count, localTime } from "./format.ts";
import { type Names, namesOf } from "./names.ts";
import { narrate, spoken } from "./narrate.ts";

/** What happens before the first lines were told waits for them, so much of it at most. */
const EARLY_MAX = 100;

/** Tells a person on a terminal what the daemon does. */
export class Narrator {
  readonly #cli: Cli;
  readonly #early: DomainEvent[] = [];
  #daemon: Daemon | undefined;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  /** The first lines: what is kept alive, where it goes, where to look. */
  begin(daemon: Daemon): void {
    const { app, out } = this.#cli;
    for (const line of opening(daemon.settings, app.version)) out.line(out.paint("plain", line));
    const link = daemon.signInLink();
    if (link !== null) out.line(`Status page (opens once; \`renewd dashboard\` makes another link):\n  ${link}`);
    out.line(out.paint("faint", "Ctrl-C stops it."));
    this.#daemon = daemon;
    for (const event of this.#early.splice(0)) this.tell(event);
  }

  tell(event: DomainEvent): void {
    const daemon = this.#daemon;
    if (daemon === undefined) {
      if (this.#early.length < EARLY_MAX) this.#early.push(event);
      return;
    }
    const { out } = this.#cli;
    const line = narrate(event, namesOf(daemon.settings), out.paint);
    if (line !== undefined) out.line(line);
    if (event.type === "renewal:settled") void this.#tellNext(daemon, event.token);
  }

  /** After a renewal: how long the old token goes on, and when the next renewal is. */
  async #tellNext(daemon: Daemon, token: string): Promise<void> {
    const { app, out } = this.#cli;
    try {
      const status = await daemon.control.tokenStatus(token);
      const { previous } = status;
      const renewal = renewalAt(status);
      const now = app.clock.now();
      const say = (words: string): void => out.line(spoken(now, token, words, out.paint, "good"));
      if (previous !== null && previous.expAt > now) {
        say(`the old token stays valid until ${localTime(previous.expAt, now)}`);
      }
      if (renewal !== null) say(`next renewal ${localTime(renewal, now)}`);
    } catch {
      // The daemon is stopping, or the token was removed meanwhile: there is no next renewal to tell of.
    }
  }
}

function opening(settings: Settings, version: string): readonly string[] {
  const names: Names = namesOf(settings);
  const places = settings.tokens.flatMap(({ key, issuer, targets }) =>
    targets.map(({ label }) => `  ${key}: from ${issuer} to ${names.placeOf(key, label) ?? label}`),
  );
  const what = count(settings.tokens.length, "token");
  return [
    `renewd ${version} keeps ${what} alive (${relative(".", settings.file)}), looking every ${formatDuration(settings.tickMs)}:`,
    ...places,
  ];
}
