import { issuerContract } from "../../contracts/issuer.ts";
import { NAME, startBench } from "../../support/flowauth/bench.ts";

issuerContract("the flowauth client, against a stand-in for FlowAuth,", async () => {
  const bench = await startBench({ names: [NAME, "another"] });
  return {
    issuer: bench.issuer,
    clock: bench.clock,
    request: bench.request,
    name: NAME,
    otherName: "another",
    get calls() {
      return bench.server.seen.map((each) => each.call);
    },
    hideKeys: () => void bench.secrets.delete("KEY"),
    stop: () => bench.server.close(),
    close: async () => bench[Symbol.asyncDispose](),
  };
});
