import { SECOND_MS } from "../core/duration.ts";

/** A terminal's Ctrl-C reaches both npm and its child, and npm passes it on: what follows this soon is an echo. */
const ECHO_MS: number = SECOND_MS;

export interface SignalHandlers {
  /** The first SIGTERM or SIGINT: finish or hand back. */
  readonly terminate: () => void;
  /** Each later one that is no echo: stop at once. */
  readonly abort: () => void;
  /** SIGHUP. */
  readonly reload: () => void;
}

/** Listens until the returned function is called, which gives the signals their default effect back. */
export function onSignals(handlers: SignalHandlers): () => void {
  let terminatedMs: number | undefined;
  let reloadedMs = Number.NEGATIVE_INFINITY;
  const onStop = (): void => {
    const nowMs = performance.now();
    if (terminatedMs === undefined) {
      terminatedMs = nowMs;
      handlers.terminate();
    } else if (nowMs - terminatedMs >= ECHO_MS) handlers.abort();
  };
  const onReload = (): void => {
    const nowMs = performance.now();
    if (nowMs - reloadedMs < ECHO_MS) return;
    reloadedMs = nowMs;
    handlers.reload();
  };
  process.on("SIGTERM", onStop).on("SIGINT", onStop).on("SIGHUP", onReload);
  return () => {
    process.off("SIGTERM", onStop).off("SIGINT", onStop).off("SIGHUP", onReload);
  };
}
