import type { TokenRequest } from "../../core/token.ts";
import { needsCurrent } from "./check-templates.ts";
import type { KeyRing } from "./key-ring.ts";
import type { MintParts } from "./mint.ts";
import { namesIn } from "./placeholders.ts";
import { toError } from "./refusals.ts";
import { provesExpiry } from "./requests.ts";

export interface ProbeParts extends MintParts {
  readonly ring: KeyRing | undefined;
}

/** Reads every secret and key, sends the declared `probe` where there is one, and says what could not be tried. */
export async function probe(
  parts: ProbeParts,
  requests: readonly TokenRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { options } = parts;
  return [
    ...(await probeSecrets(parts, signal)),
    ...(await probeKeys(parts, signal)),
    await probeIssuer(parts, signal),
    ...(options.account === undefined ? [] : [`every token must be of ${options.account}`]),
    ...(requests.length === 0
      ? []
      : [`a renewal will ask ${options.request.method} ${options.url}${options.request.path}`]),
    ...(needsCurrent(options.request) && options.mint === undefined
      ? ["a first token is not made here: one must be in a target before the first renewal"]
      : []),
    ...(needsCurrent(options.request) && !provesExpiry(options.verify)
      ? ["a token that somebody puts into a target cannot be taken up: `verify` does not tell when it expires"]
      : []),
    ...(options.overlap === "none"
      ? [
          "`overlap: none`: a renewal ends the old token at once, so whoever read it before is cut off then, whatever `hold` says",
        ]
      : []),
  ];
}

async function probeSecrets({ options, caller }: ProbeParts, signal: AbortSignal): Promise<readonly string[]> {
  const { request, mint, verify, revoke, probe: look } = options;
  const shapes = [request, mint, revoke, look, verify.type === "request" ? verify : undefined];
  const names = new Set(shapes.flatMap((each) => (each === undefined ? [] : [...namesIn(each)])));
  const read = await caller.secretsOf(names, signal);
  return [...read.keys()].map((name) => (name === "jwt" ? "a JWT of our own was signed" : `${name} was read`));
}

async function probeKeys({ ring }: ProbeParts, signal: AbortSignal): Promise<readonly string[]> {
  if (ring === undefined) return [];
  const { keys, error } = await ring.keysFor({}, signal);
  if (error !== undefined) throw error;
  return [`${keys.length} key(s) to verify with`];
}

async function probeIssuer({ options, caller }: ProbeParts, signal: AbortSignal): Promise<string> {
  const { probe: look, url } = options;
  if (look === undefined) {
    const { status } = await caller.get("probe", `${url}/`, signal);
    return `${url} answers (${status}); nothing more was tried, since the settings declare no \`probe\``;
  }
  const reply = await caller.call("probe", look, { values: new Map(), secrets: new Map() }, signal);
  if (look.success.includes(reply.status)) return `${url}${look.path} answered ${reply.status}`;
  throw await toError(reply, `${look.method} ${url}${look.path}`);
}
