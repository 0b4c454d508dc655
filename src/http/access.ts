import type { Random } from "../core/ports.ts";
import type { ApiToken, Role } from "../core/settings.ts";
import { type BearerParts, Bearers, sha256 } from "./bearer.ts";
import { FailureGate } from "./failure-gate.ts";
import { type Ground, Sessions } from "./sessions.ts";

export interface AccessOptions extends BearerParts {
  readonly tokens: readonly ApiToken[];
  readonly random: Random;
}

/** What a request brings along to prove who it is. */
export interface Credentials {
  /** The calling address. */
  readonly caller: string;
  readonly bearer: string | undefined;
  readonly session: string | undefined;
}

export type Verdict =
  | { readonly known: true; readonly role: Role }
  /** `offered`: it brought something, and that is not valid. */
  | { readonly known: false; readonly offered: boolean }
  | { readonly known: false; readonly waitMs: number };

/** Who may call. Knows no HTTP. */
export interface Access {
  judge(credentials: Credentials): Promise<Verdict>;
  /** What a request that was let in rests on, for who serves it for long and has to ask again. */
  groundOf(credentials: Credentials): Ground | undefined;
  /** A link that signs in whoever opens it first, within ten minutes. `baseUrl` as `http://127.0.0.1:8080`. */
  issueLink(baseUrl: string, role: Role): string;
  /** Spends a link's code. */
  signIn(caller: string, code: string): SignIn;
  /** Opens a session for who has an API token. It lasts no longer than the token is good, and has its role. */
  signInByToken(caller: string, token: string): Promise<SignInByToken>;
  /** Opens a session for who proved himself otherwise (OIDC). */
  openSession(ground: Ground): string;
  signOut(session: string): void;
  /** Other tokens from now on: the settings were reloaded. */
  useTokens(tokens: readonly ApiToken[]): void;
}

export type SignIn = { readonly session: string } | { readonly session: undefined; readonly waitMs: number };

/** Without a session where the token is not known, or may only read the metrics. */
export type SignInByToken = Verdict & { readonly session?: string };

export function createAccess(options: AccessOptions): Access {
  const { tokens, clock, random } = options;
  const bearers = new Bearers(tokens, options);
  const sessions = new Sessions(clock, random);
  const gate = new FailureGate(clock);
  const refused = (caller: string): Verdict => {
    const waitMs = gate.failed(caller);
    return waitMs > 0 ? { known: false, waitMs } : { known: false, offered: true };
  };
  const judgeText = async (caller: string, text: string): Promise<Verdict> => {
    const role = await bearers.roleOf(sha256(text));
    return role === undefined ? refused(caller) : { known: true, role };
  };
  const groundOf = ({ bearer, session }: Credentials): Ground | undefined => {
    if (bearer !== undefined) return tokenGround(bearers, bearer);
    return session === undefined ? undefined : sessions.groundOf(session);
  };
  return {
    judge: async ({ caller, bearer, session }) => {
      if (bearer !== undefined) return judgeText(caller, bearer);
      // A session's id cannot be guessed, and a page left open over a restart is no attack: it is not counted.
      const role = session === undefined ? undefined : await sessions.groundOf(session)?.roleNow();
      return role === undefined ? { known: false, offered: session !== undefined } : { known: true, role };
    },
    groundOf: (credentials) => {
      const ground = groundOf(credentials);
      // Asked anew each time, since who signs out takes the session away and not what it rests on.
      return ground && { key: ground.key, roleNow: async () => groundOf(credentials)?.roleNow() };
    },
    signInByToken: async (caller, token) => {
      const verdict = await judgeText(caller, token);
      if (!verdict.known || verdict.role === "metrics") return verdict;
      return { ...verdict, session: sessions.openOn(tokenGround(bearers, token)) };
    },
    openSession: (ground) => sessions.openOn(ground),
    signOut: (session) => sessions.end(session),
    issueLink: (baseUrl, role) => `${baseUrl.replace(/\/$/, "")}/sign-in?code=${sessions.issueCode(role)}`,
    signIn: (caller, code) => {
      const session = sessions.open(code);
      return session === undefined ? { session, waitMs: gate.failed(caller) } : { session };
    },
    useTokens: (changed) => bearers.use(changed),
  };
}

/** Of a browser's session and of a stream: for both a token that may only read the metrics is none. */
function tokenGround(bearers: Bearers, token: string): Ground {
  const hash = sha256(token);
  return {
    key: `token ${hash.toString("hex")}`,
    roleNow: async () => {
      const role = await bearers.roleOf(hash);
      return role === "metrics" ? undefined : role;
    },
  };
}
