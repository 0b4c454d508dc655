import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeTypes } from "../../../src/stores/index.ts";
import { storeContract, type Address, type StoreSubject } from "../../contracts/store.ts";

async function makeSubject(): Promise<StoreSubject> {
  const type = storeTypes.find((each) => each.type === "file");
  if (type === undefined) throw new TypeError("the list of stores has no file");
  const directory = await mkdtemp(join(tmpdir(), "renewd-file-"));
  let serial = 0;
  const pathOf = (address: Address): string => join(directory, String(address["secret"]));
  const readOrNull = (path: string): Promise<string | null> => readFile(path, "utf8").catch(() => null);
  return {
    type,
    options: { directory },
    newAddress: () => ({ secret: `token-${(serial += 1)}` }),
    put: (address, text) => writeFile(pathOf(address), text),
    text: (address) => readOrNull(pathOf(address)),
    previous: (address) => readOrNull(join(directory, `.${String(address["secret"])}.prev`)),
    close: () => rm(directory, { recursive: true }),
  };
}

const unmarked = "a file carries no mark of its owner";
storeContract("file", makeSubject, {
  "takes what another tool marked only when told to adopt it, and marks it": unmarked,
  "knows what it created from what another renewd created": unmarked,
});
