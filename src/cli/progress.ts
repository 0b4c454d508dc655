/** What a person sees of long work: plain lines on stderr, on a terminal alone. */
import { formatDuration, SECOND_MS } from "../core/duration.ts";
import type { Cli } from "./command.ts";

/** Shorter work needs no words. */
const QUIET_MS: number = SECOND_MS;
/** What goes on is told again so often. */
export const AGAIN_MS: number = 10 * SECOND_MS;

/** One faint line of what is being done. */
export function tellProgress({ err }: Pick<Cli, "err">, words: string): void {
  if (err.isTerminal) err.line(err.paint("faint", words));
}

/** Says what is waited for once it takes a second, and every ten seconds how long it has been. `detail` is asked anew each time. */
export async function whileWaiting<T>(
  cli: Pick<Cli, "app" | "err">,
  words: string,
  work: () => Promise<T>,
  detail: () => string = () => "",
): Promise<T> {
  const { clock } = cli.app;
  const startMs = clock.monotonicMs();
  let cancel = (): void => undefined;
  const tell = (waitedMs: number): void => {
    const long = waitedMs < AGAIN_MS ? "" : ` (${formatDuration(waitedMs)})`;
    tellProgress(cli, `${words}${long} …${detail()}`);
    cancel = clock.after(AGAIN_MS, () => tell(clock.monotonicMs() - startMs));
  };
  if (cli.err.isTerminal) cancel = clock.after(QUIET_MS, () => tell(0));
  try {
    return await work();
  } finally {
    cancel();
  }
}
