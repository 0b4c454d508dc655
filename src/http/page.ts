import { pageAnswer } from "./dashboard/page.ts";
import { refusalPage, type SignInWay, signInPage } from "./dashboard/sign-in-page.ts";
import { NOTHING_BROUGHT } from "./guard.ts";
import { problemOf } from "./problem.ts";

/** What went wrong, for a person. Who is not signed in gets the page to do so, at the address that was asked for. */
export function problemPage(thrown: unknown, ways: readonly SignInWay[] = []): Promise<Response> {
  const { status, detail, hint, headers } = problemOf(thrown);
  if (status !== 401) return pageAnswer(status, refusalPage(detail, hint), headers);
  // To have brought nothing is no mistake.
  return pageAnswer(status, signInPage(detail === NOTHING_BROUGHT ? "" : detail, ways), headers);
}
