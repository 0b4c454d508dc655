import { stateContract } from "../contracts/state.ts";
import { openMemory, openNewFile } from "./fixture.ts";

stateContract("SQLite file", openNewFile);
stateContract("SQLite in memory", openMemory);
