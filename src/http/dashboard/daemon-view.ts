import { html } from "hono/html";
import type { ChannelStatus, ServiceStatus, StatusReport } from "../../core/status.ts";
import { incidentView } from "./incident-view.ts";
import type { Html } from "./page.ts";
import { badge, prose } from "./parts.ts";
import { when } from "./times.ts";

/** What is wrong with the daemon itself, the services it needs and the channels it tells. Channels are listed while all is well too. */
export function daemonView(report: StatusReport): Html {
  const { at: now, daemon, services, channels } = report;
  const failing = channels.filter(({ failures }) => failures > 0);
  const wrong = daemon.length + services.length + failing.length;
  return html`${
      wrong === 0
        ? ""
        : html`<section id="part-daemon" aria-labelledby="daemon">
            <h2 id="daemon">renewd and what it needs</h2>
            ${daemon.map((condition) => incidentView({ ...condition, target: null }, now))}
            ${services.map((service) => serviceView(service, now))}
            ${failing.map((channel) => channelView(channel, now))}
          </section>`
    }
    <p class="dim">${prose(channelsText(channels))}</p>`;
}

function serviceView({ kind, key, failures, code, probeAt }: ServiceStatus, now: number): Html {
  return html`<article class="card bad">
    <h3>${kind} ${key} ${badge("bad", "is failing")}</h3>
    <p>
      ${failures === 1 ? "one failure" : `${failures} failures in a row`}${code === null ? "" : ` (${code})`}.
      ${probeAt === null ? "" : html`Next try ${when(probeAt, now)}.`}
    </p>
  </article>`;
}

function channelView(channel: ChannelStatus, now: number): Html {
  const { channel: key, type, failures, code, message, nextTryAt, lastSuccessAt } = channel;
  return html`<article class="card bad">
    <h3>alert channel ${key} ${badge("bad", "is failing")}</h3>
    <p>
      ${type}:
      ${failures === 1 ? "one failure" : `${failures} failures in a row`}${code === null ? "" : ` (${code})`}${message === null ? "" : `: ${message}`}.
      ${nextTryAt === null ? "" : html`Next try ${when(nextTryAt, now)}.`}
      ${lastSuccessAt === null ? "It was told no real alert yet." : html`It last took something ${when(lastSuccessAt, now)}.`}
    </p>
  </article>`;
}

function channelsText(channels: readonly ChannelStatus[]): string {
  if (channels.length === 0) return "Alerts go to nobody: the settings name no channel under `alerts`.";
  const names = channels.map(({ channel, type, failures }) => `${channel} (${type}${failures > 0 ? ", failing" : ""})`);
  return `Alerts go to ${names.join(", ")}.`;
}
