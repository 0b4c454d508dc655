import {
  AuthorizationResponseError,
  JWT_TIMESTAMP_CHECK,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { RenewdError } from "../core/errors.ts";
import { withoutTokens } from "../core/redact.ts";

const WORDS_MOST = 200;
const AGAIN = "Begin again; if it stays so, tell whoever keeps renewd's settings.";
/** The way in that needs no provider. */
export const BY_LINK = "`renewd dashboard` on renewd's own host prints a link that signs in.";

/** A sign-in that came to nothing, in words for the person at the browser. */
export class SignInFailure extends Error {
  readonly status: 400 | 403 | 404 | 429 | 500 | 502;
  /** What to do. */
  readonly advice: string;
  /** Where to begin again. */
  readonly href: string;
  readonly waitMs: number | undefined;

  constructor(
    status: SignInFailure["status"],
    message: string,
    advice: string,
    { href = "/sign-in/oidc", waitMs }: { readonly href?: string; readonly waitMs?: number } = {},
  ) {
    super(message);
    this.name = "SignInFailure";
    this.status = status;
    this.advice = advice;
    this.href = href;
    this.waitMs = waitMs;
  }
}

/** Whatever went wrong between us and the provider called `label`. What is a mistake of the program stays as it is. */
export function explainFailure(thrown: unknown, label: string): unknown {
  if (thrown instanceof AuthorizationResponseError) {
    const said = wordsOf(thrown.error, thrown.error_description);
    return new SignInFailure(403, `${label} did not sign you in: ${said}.`, AGAIN);
  }
  if (thrown instanceof ResponseBodyError) {
    const said = wordsOf(thrown.error, thrown.error_description);
    if (thrown.error === "invalid_grant")
      return new SignInFailure(400, `${label} does not take the answer any more: ${said}.`, AGAIN);
    return new SignInFailure(
      502,
      `${label} refused renewd itself: ${said}.`,
      checkThat("`client_id`, `client_secret` and `redirect_url`"),
    );
  }
  if (thrown instanceof WWWAuthenticateChallengeError)
    return new SignInFailure(
      502,
      `${label} refused renewd itself (${thrown.status}).`,
      checkThat("`client_id` and `client_secret`"),
    );
  if (thrown instanceof OperationProcessingError) {
    const what = thrown.code === JWT_TIMESTAMP_CHECK ? "the clocks of both" : "`issuer` and `client_id`";
    return new SignInFailure(
      502,
      `What ${label} answered cannot be relied on: ${fit(thrown.message)}.`,
      checkThat(what),
    );
  }
  if (thrown instanceof UnsupportedOperationError)
    return new SignInFailure(
      502,
      `${label} does something that renewd does not take: ${fit(thrown.message)}.`,
      BY_LINK,
    );
  if (!(thrown instanceof RenewdError) || thrown.code === "bug") return thrown;
  return new SignInFailure(
    502,
    `${label} could not be asked: ${fit(thrown.message)} (${thrown.code}).`,
    `Try again later. ${BY_LINK}`,
  );
}

function checkThat(what: string): string {
  return `Tell whoever keeps renewd's settings to check ${what} under \`http.oidc\`. ${BY_LINK}`;
}

function wordsOf(error: string, description: string | undefined): string {
  return fit(description === undefined ? error : `${error}: ${description}`);
}

/** Another system's words, bounded, on one line and without a token, should one be among them. */
function fit(text: string): string {
  const plain = withoutTokens(text)
    .replace(/[\p{C}\s]+/gu, " ")
    .trim();
  return plain.length > WORDS_MOST ? `${plain.slice(0, WORDS_MOST - 1)}…` : plain.replace(/\.$/, "");
}
