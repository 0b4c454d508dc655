import type { Clock, Random, ReadSecret } from "../core/ports.ts";
import type { ApiToken, Role } from "../core/settings.ts";
import { Bearers, sha256 } from "./bearer.ts";
import { FailureGate } from "./failure-gate.ts";
import { type Ground, Sessions } from "./sessions.ts";

export interface AccessOptions {
  readonly tokens: readonly ApiToken[];
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
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
  /** A link that signs in whoever opens it first, within ten minutes. `baseUrl` as `http://127.0.0.1:8080`. */
  issueLink(baseUrl: string, role: Role): string;
  /** Spends a link's code. */
  signIn(caller: string, code: string): SignIn;
  /** Opens a session for who has an API token. It lasts no longer than the token is good, and has its role. */
  signInByToken(caller: string, token: string): Promise<SignInByToken>;
  /** Opens a session for who proved himself otherwise (OIDC). */
  openSession(role: Role): string;
  signOut(session: string): void;
  /** Other tokens from now on: the settings were reloaded. */
  useTokens(tokens: readonly ApiToken[]): void;
}

export type SignIn = { readonly session: string } | { readonly session: undefined; readonly waitMs: number };

/** Without a session where the token is not known, or may only read the metrics. */
export type SignInByToken = Verdict & { readonly session?: string };

export function createAccess(options: AccessOptions): Access {
  const { tokens, readSecret, clock, random } = options;
  const bearers = new Bearers(tokens, readSecret, clock);
  const sessions = new Sessions(clock, random);
  const gate = new FailureGate(clock);
  const judgeText = async (caller: string, text: string): Promise<Verdict> => {
    // Who has a valid token is let in however often others at his address failed: it cannot be guessed.
    const role = await bearers.roleOf(sha256(text));
    if (role !== undefined) return { known: true, role };
    const waitMs = gate.waitMs(caller);
    if (waitMs > 0) return { known: false, waitMs };
    gate.failed(caller);
    return { known: false, offered: true };
  };
  const roleOn = async (ground: Ground | undefined): Promise<Role | undefined> => {
    if (ground === undefined || "role" in ground) return ground?.role;
    const role = await bearers.roleOf(ground.tokenHash);
    return role === "metrics" ? undefined : role;
  };
  return {
    judge: async ({ caller, bearer, session }) => {
      if (bearer !== undefined) return judgeText(caller, bearer);
      // A session's id cannot be guessed, and a page left open over a restart is no attack: it is not counted.
      const role = session === undefined ? undefined : await roleOn(sessions.groundOf(session));
      return role === undefined ? { known: false, offered: session !== undefined } : { known: true, role };
    },
    signInByToken: async (caller, token) => {
      const verdict = await judgeText(caller, token);
      if (!verdict.known || verdict.role === "metrics") return verdict;
      return { ...verdict, session: sessions.openOn({ tokenHash: sha256(token) }) };
    },
    openSession: (role) => sessions.openOn({ role }),
    signOut: (session) => sessions.end(session),
    issueLink: (baseUrl, role) => `${baseUrl.replace(/\/$/, "")}/sign-in?code=${sessions.issueCode(role)}`,
    signIn: (caller, code) => {
      const session = sessions.open(code);
      if (session !== undefined) return { session };
      const waitMs = gate.waitMs(caller);
      if (waitMs === 0) gate.failed(caller);
      return { session: undefined, waitMs };
    },
    useTokens: (changed) => bearers.use(changed),
  };
}
