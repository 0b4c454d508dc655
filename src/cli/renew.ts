import { Option } from "commander";
import type { Control, RenewalStanding, RenewTicket } from "../core/control.ts";
import { formatDuration, formatInstant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";
import { duration } from "./arguments.ts";
import {
  type AddVerb,
  COMMANDS_OPTION,
  JSON_OPTION,
  type JsonOption,
  printJson,
  type Shell,
  TOKEN_ARGUMENT,
} from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { clean } from "./format.ts";
import { AGAIN_MS, tellProgress } from "./progress.ts";
import { withControl } from "./with-control.ts";

const POLL_MS = 250;
const TIMEOUT_MS: number = 5 * MINUTE_MS;
/** `exp` has whole seconds, and the issuer's clock may be a little off: so much less is what was asked for. */
const GRAIN_MS: number = 5 * SECOND_MS;

interface RenewOptions extends JsonOption {
  readonly lifetime?: number;
  readonly timeout: number;
  readonly allowCommands?: true;
}

export const addRenew: AddVerb = (program, shell) => {
  program
    .command("renew")
    .description(
      "renews a token now, whatever its schedule says; joins a renewal that is under way; delivers what one made before, if no target has that yet",
    )
    .argument(...TOKEN_ARGUMENT)
    .option(
      "--lifetime <duration>",
      "how long the fresh token is to live, such as 30d (default: as declared)",
      duration,
    )
    .addOption(
      new Option("--timeout <duration>", "how long to wait for the end").argParser(duration).default(TIMEOUT_MS, "5m"),
    )
    .option(...COMMANDS_OPTION)
    .option(...JSON_OPTION)
    .action(shell.does((token: string, options: RenewOptions) => renew(shell, token, options)));
};

async function renew(shell: Shell, token: string, options: RenewOptions): Promise<ExitCode> {
  const { allowCommands } = options;
  return withControl(shell, { need: "act", token, allowCommands }, async (control, by) => {
    const ticket = await control.renew(token, options.lifetime ?? null);
    const progress = (detail: string): void => tellProgress(shell, detail);
    if (ticket.madeAt !== undefined)
      progress(
        `no target has the token that was made ${formatInstant(ticket.madeAt)}: delivering that (with --lifetime another is made)`,
      );
    else if (ticket.joined) progress("a renewal is under way already: joining it");
    const standing = await outcomeOf(control, ticket, options.timeout, shell.app.clock, progress);
    const life = lifeOf(ticket, standing, options.lifetime);
    if (options.json === true) printJson(shell, { token, ...standing, ...life });
    tell(shell, token, standing, options, by);
    if (life !== undefined && options.json !== true) tellShort(shell, life, ticket.joined);
    return standing.state === "delivered" ? EXIT.well : EXIT.notWell;
  });
}

/** Asks until the renewal is over; still `under_way` when `timeoutMs` have passed. */
async function outcomeOf(
  control: Control,
  { token, since }: RenewTicket,
  timeoutMs: number,
  clock: Clock,
  progress: (detail: string) => void,
): Promise<RenewalStanding> {
  const startMs = clock.monotonicMs();
  let told = { detail: "", atMs: startMs };
  for (;;) {
    const standing = await control.renewal(token, since);
    const atMs = clock.monotonicMs();
    if (standing.state !== "under_way" || atMs >= startMs + timeoutMs) return standing;
    const { detail } = standing;
    const isNew = detail !== told.detail;
    if (isNew || atMs >= told.atMs + AGAIN_MS) {
      progress(isNew ? detail : `${detail} (${formatDuration(atMs - startMs)})`);
      told = { detail, atMs };
    }
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
}

interface Life {
  readonly askedMs: number;
  /** Reckoned from when it was asked for, so that what waited for its turn does not look short. */
  readonly givenMs: number;
}

/** Undefined where no lifetime was picked, and as long as nothing was given. */
function lifeOf({ since }: RenewTicket, standing: RenewalStanding, askedMs: number | undefined): Life | undefined {
  if (askedMs === undefined || standing.state !== "delivered") return undefined;
  return { askedMs, givenMs: Math.round((standing.expAt - since) / SECOND_MS) * SECOND_MS };
}

/** One that asks for all that the issuer allows may be kept a minute below it, which is as asked in a long life. */
function tellShort({ out }: Shell, { askedMs, givenMs }: Life, isJoined: boolean): void {
  if (askedMs - givenMs <= Math.min(MINUTE_MS + GRAIN_MS, Math.max(askedMs / 100, GRAIN_MS))) return;
  const who = isJoined ? "the renewal that was joined" : "the issuer";
  out.line(out.paint("warn", `asked for ${formatDuration(askedMs)}, ${who} gave ${formatDuration(givenMs)}`));
}

function tell(
  { out, err }: Shell,
  token: string,
  standing: RenewalStanding,
  { json, timeout }: RenewOptions,
  by: "daemon" | "alone",
): void {
  if (standing.state === "delivered") {
    const text = `${token}: token ${standing.fingerprint} is in all targets, expires ${formatInstant(standing.expAt)}`;
    if (json !== true) out.line(out.paint("good", text));
  } else if (standing.state === "failed") {
    err.line(`${err.paint("bad", "renewd:")} ${token}: ${clean(standing.detail)}\n  -> ${clean(standing.hint)}`);
  } else {
    const later = by === "daemon" ? "The daemon goes on with it" : "It is taken up at the daemon's next start";
    const text = `${token}: not done after ${formatDuration(timeout)}: ${clean(standing.detail)}`;
    err.line(`${err.paint("warn", "renewd:")} ${text}\n  -> ${later}; \`renewd status ${token}\` tells how it stands.`);
  }
}
