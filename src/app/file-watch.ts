import { stat } from "node:fs/promises";

/**
 * Notices that a file is another than before by looking at it, since file events miss how Kubernetes and editors
 * replace files. A file that cannot be seen for a moment has not changed.
 */
export class FileWatch {
  readonly #file: string;
  #seen: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async changed(): Promise<boolean> {
    const seen = await stat(this.#file).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => this.#seen,
    );
    const before = this.#seen;
    this.#seen = seen;
    return before !== undefined && seen !== before;
  }
}
