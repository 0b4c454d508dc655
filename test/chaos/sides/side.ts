/** What stands on the issuer's side of a daemon, whatever kind of issuer it is. */
import type { IssuerProxy } from "../issuer-proxy.ts";
import type { TokenKey } from "../site-settings.ts";

/** A token as the issuer made it. */
export interface Made {
  /** Whose it is: a key of the settings, or what a creation was asked for. */
  readonly name: string;
  /** The text that readers get. */
  readonly token: string;
  /** How it is told of. */
  readonly id: string;
  readonly at: number;
  /** When nobody waited for it any more. */
  readonly late: boolean;
}

/** A token that was ended before its time because renewd asked for that. */
export interface Ending {
  readonly token: string;
  readonly at: number;
}

/** What a reader finds out of a token by using it. */
export interface Life {
  readonly expAt: number;
  /** Ended by the issuer when it made the next. */
  readonly isRevoked: boolean;
}

export interface IssuerSide extends AsyncDisposable {
  /** Null where the issuer is embedded. */
  readonly proxy: IssuerProxy | null;
  /** What the settings say of the issuer, in YAML. */
  readonly settings: string;
  /** What the settings ask of it for a token, in YAML. */
  requestOf(name: TokenKey, lifetime: string): string;
  /** How long the consumers of a token use it, where that is not as everywhere. */
  readonly holds: Readonly<Partial<Record<TokenKey, number>>>;
  /** A token by hand is needed for a start, and whenever an answer was lost. */
  readonly byHand: ByHand | null;
  /**
   * What nobody can find out any more when an answer was lost: at most one token for each death. Elsewhere none may be
   * unknown.
   */
  readonly mayLose: boolean;
  /** Every token that was ever made, oldest first. */
  made(): Promise<readonly Made[]>;
  /** Throws for what is no token, or none that lives. */
  lifeOf(token: string): Life;
  endings(): readonly Ending[];
  /** What must be nowhere but where it was put, by name, besides tokens. */
  secrets(): ReadonlyMap<string, string>;
}

/** An issuer's own pages, used by a person. */
export interface ByHand {
  make(name: TokenKey): string;
  liveOf(name: string): readonly string[];
  end(token: string): void;
}
