import type { Compilable, CompiledQuery, Kysely, QueryResult } from "kysely";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** Stands in a compiled query for an argument of each later call. */
class Placeholder {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/**
 * A query that is built and compiled once for a dialect, not at each call: that costs more than SQLite needs to answer it.
 * `build` sees placeholders, so it must only pass its arguments on as values.
 */
export function prepared<Row, Args extends readonly unknown[]>(
  build: (db: Db, ...args: Args) => Compilable<Row>,
): (db: Db, ...args: Args) => Promise<QueryResult<Row>> {
  const compiledFor = new WeakMap<object, CompiledQuery<Row>>();
  const compile = (db: Db): CompiledQuery<Row> => {
    const dialect = db.getExecutor().adapter;
    const known = compiledFor.get(dialect);
    if (known !== undefined) return known;
    const placeholders = Array.from({ length: build.length - 1 }, (_, index) => new Placeholder(index));
    const compiled = build(db, ...(placeholders as unknown as Args)).compile();
    compiledFor.set(dialect, compiled);
    return compiled;
  };
  return (db, ...args) => {
    const compiled = compile(db);
    const parameters = compiled.parameters.map((each) => (each instanceof Placeholder ? args[each.index] : each));
    return db.executeQuery({ ...compiled, parameters });
  };
}
