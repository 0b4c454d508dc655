/** One instruction of a Dockerfile, continuation lines joined. */
export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

export interface Stage {
  readonly image: string;
  /** The name given with AS, else its number. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Reads as much of the format as our Dockerfile uses: no heredocs, no ARG, no parser directives. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { image: string; name: string; instructions: Instruction[] }[] = [];
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  for (const line of lines.filter((each) => each.trim() !== "" && !each.startsWith("#"))) {
    const [, name, rest] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
    if (name === undefined || rest === undefined) throw new TypeError(`not an instruction: ${line}`);
    if (name === "FROM") {
      const [image = "", , alias = String(stages.length)] = rest.split(/\s+/);
      stages.push({ image, name: alias, instructions: [] });
    } else if (stages.length === 0) throw new TypeError(`${name} before FROM`);
    else stages.at(-1)?.instructions.push({ name, rest });
  }
  return stages;
}
