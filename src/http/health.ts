import { request } from "node:http";

/** How the daemon is, as its composition root sees it. */
export interface Health {
  /** The process lives and its scheduler beats. */
  readonly alive: boolean;
  /** Settings are loaded, the state is reachable and the first sweep is done. */
  readonly ready: boolean;
  /** Codes of what is missing; shown to anybody. */
  readonly reasons: readonly string[];
}

const LIMIT_MS = 3_000;

/** Whether the daemon at this base URL (`http://127.0.0.1:8080`) says that it is alive; false when it does not answer in time. */
export function askHealth(baseUrl: string, limitMs: number = LIMIT_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(new URL("/healthz", baseUrl), { agent: false, timeout: limitMs }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.end();
  });
}
