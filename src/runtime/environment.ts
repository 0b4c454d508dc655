/** The variables a process was started with, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The one place where the process's own environment is read. */
export const systemEnvironment: Environment = process.env;

/** What programs need to run at all. Nothing else is handed on, because the rest may hold renewd's own secrets. */
const HANDED_ON = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];

export function baseEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const pairs = HANDED_ON.map((name) => [name, environment[name]] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
