/** What docs/logs.md says around its tables. Its commands and its module are run by test/e2e/logs.test.ts. */

export const BEFORE_EVENTS = `# Logs and traces

<!-- Made by \`node scripts/generate-logs-doc.ts\` from what the code says; a test tells when it is out of date. -->

renewd logs to standard error: a JSON object a line, one line for each event, written after what it tells of was recorded. At a
terminal it tells a story instead; \`--quiet\` leaves warnings and errors. No line holds a token, a password or a key; a token is
named by its fingerprint.

Every line has \`time\` (RFC 3339, UTC), \`level\`, \`event\` (stable, made for searching), \`msg\` (the same words for every event of
a kind) and the event's own fields. Instants are RFC 3339, durations have \`_seconds\` in their name. Besides, a line has those of
these fields that apply:`;

export const AFTER_EVENTS = `## Follow one renewal

Which renewals were begun, in a log that was kept with \`renewd run 2>renewd.log\`:

\`\`\`sh
jq -r 'select(.event == "renewal:started") | [.time, .token, .renewal, .reason] | @tsv' renewd.log
\`\`\`

Everything that belongs to one of them, from the first look at the issuer to the last target: the lines of the turns on the token
have its \`renewal\`, those of the turns on its targets have the fingerprint that it made as their \`issue\`.

\`\`\`sh
RENEWAL=\${RENEWAL:-5f0c9a7be1d24368}
jq -s -r --arg renewal "$RENEWAL" '
  (map(select(.renewal == $renewal and (.event | test(":(minted|accepted|adopted)$"))).fingerprint) | unique) as $made
  | .[] | select(.renewal == $renewal or ([.fingerprint, .issue] | any(IN($made[]))))
  | [.time, .level, .target // "", .msg, .code // ""] | @tsv' renewd.log
\`\`\`

Where several daemons write to one place, or a log holds lines of other programs, put \`jq -R 'fromjson? | objects'\` before it.`;

export const BEFORE_SPANS = `An incident's \`message\`, \`next\` and \`action\` are sentences for people.

## Traces

renewd tells its steps to the [OpenTelemetry API](https://opentelemetry.io/docs/languages/js/). It brings no SDK and sends
nothing anywhere until you register one, in a module that Node loads first. This one, \`tracing.mjs\`, prints spans, and needs
\`npm install @opentelemetry/api @opentelemetry/context-async-hooks @opentelemetry/sdk-trace-base\` in its folder; put your
exporter in the place of the \`ConsoleSpanExporter\` (\`OTLPTraceExporter\` of \`@opentelemetry/exporter-trace-otlp-http\`, say):

\`\`\`js
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base";

const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
process.once("beforeExit", () => void provider.shutdown());
\`\`\`

\`\`\`sh
NODE_OPTIONS="--import ./tracing.mjs" renewd run -c renewd.yaml
\`\`\`

Lines of the log then have \`trace_id\` and \`span_id\`. A propagator registered with \`propagation.setGlobalPropagator\` lets requests to
issuers (and to nobody else) bring \`traceparent\` and \`tracestate\`, where the span is recorded; leave an instrument for undici
out then, for it would add the same header again.`;

export const AFTER_SPANS = `A **turn** is the root of a trace of its own, for a renewal may take hours and its targets days: it has a link to the sweep that
began it, or to the request of a person that did. Its **steps** are its children, a step's **calls** the step's. A sweep that
finds nothing due makes no span, nor does a turn that finds nothing to do. Every span has \`renewd.result\`: \`done\`, \`failed\`,
\`look_again\` (nothing wrong, too early), \`not_admitted\` (the service is left alone for now) or \`lease_lost\` (handed back). A failed one has
the error status and \`error.type\` with the code; a step's failure is its turn's, too, while a call's may be one that renewd puts up
with. A token's turn has \`renewd.renewal\`, a target's \`renewd.fingerprint\`, as soon as that is known: search by them across
traces. What a killed process had under way is not told; the next one begins a new turn.`;
