import { html } from "hono/html";
import type { CalendarEntry } from "../../core/calendar.ts";
import type { CalendarDay, CalendarDays } from "../../core/calendar-days.ts";
import { DAY_MS, type Instant, MINUTE_MS } from "../../core/duration.ts";
import { calendarHref, type CalendarQuery, DAY_ROWS, type Month, monthsOf } from "./calendar-query.ts";
import type { Html } from "./page.ts";
import { grouped, pager, plural } from "./parts.ts";
import { dayOf, spoken, timeOfDay } from "./times.ts";

/** Of each day, where several are shown; fewer of a large fleet, whose days are told by their count. */
const ENTRIES_SHOWN = 12;
const ENTRIES_SHOWN_LARGE = 4;
const LARGE = 500;
/** From so many on a day is a crowd. */
const CROWD = 20;

const WHAT: Readonly<Record<CalendarEntry["what"], string>> = {
  renewal: "renewal",
  expiry: "expires, and nothing renews it",
  resume: "its pause ends",
};

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** What is to come, by month and by day, if all goes well. */
export function calendarBody({ days, countedUntilAt }: CalendarDays, query: CalendarQuery, now: Instant): Html {
  const all = days.reduce((sum, day) => sum + day.count, 0);
  const shown = query.day === "" ? days : days.filter(({ dayAt }) => dayOf(dayAt) === query.day);
  const isCut = countedUntilAt < now + query.days * DAY_MS - MINUTE_MS;
  return html`<section class="head" aria-labelledby="headline">
      <h1 id="headline">Calendar</h1>
      <p class="lead">${leadText(all, days, query)}</p>
      <p class="dim">
        As of ${spoken(now)}, if all goes well. Days and times are UTC. The jitter of tokens that are not issued yet is
        not drawn: their renewals show the range in which they lie.
      </p>
      ${isCut ? html`<p>So much is to come that only what is before ${spoken(countedUntilAt)} is counted.</p>` : ""}
      ${filters(query)}
    </section>
    <section id="part-months" aria-labelledby="months">
      <h2 id="months">Months</h2>
      <div class="months">${monthsOf(now, query.days).map((month) => monthView(month, days, query, now))}</div>
    </section>
    <section id="part-agenda" aria-labelledby="agenda">
      <h2 id="agenda">${query.day === "" ? "Days" : "One day"}</h2>
      ${query.day === "" ? "" : html`<p><a href="${calendarHref(query, { day: "", page: 1 })}">Show all days</a></p>`}
      ${shown.length === 0 ? html`<p>Nothing is expected.</p>` : ""}
      ${shown.map((day) => dayView(day, query, all > LARGE ? ENTRIES_SHOWN_LARGE : ENTRIES_SHOWN, now))}
    </section>`;
}

function leadText(all: number, days: readonly CalendarDay[], query: CalendarQuery): string {
  if (all === 0) return `Nothing is expected in ${plural(query.days, "day", "days")}.`;
  const most = days.reduce((a, b) => (b.count > a.count ? b : a));
  const crowd = most.count >= CROWD ? ` The fullest day is ${dayOf(most.dayAt)} with ${most.count}.` : "";
  return `${grouped(all)} ${all === 1 ? "entry" : "entries"} in ${plural(query.days, "day", "days")}.${crowd}`;
}

function filters({ q, days }: CalendarQuery): Html {
  return html`<form class="filters" method="get" action="/calendar" role="search" aria-label="Calendar">
    <label>Search <input type="search" name="q" id="q" value="${q}" placeholder="token, name, issuer" /></label>
    <label>Days <input type="number" name="days" id="days" min="1" max="366" value="${days}" /></label>
    <button type="submit">Show</button>
  </form>`;
}

function monthView({ month, weeks }: Month, days: readonly CalendarDay[], query: CalendarQuery, now: Instant): Html {
  const counts = new Map(days.map(({ dayAt, count }) => [dayOf(dayAt), count]));
  const name = `${MONTHS[Number(month.slice(5)) - 1] ?? ""} ${month.slice(0, 4)}`;
  return html`<table class="month">
    <caption>
      ${name}
    </caption>
    <thead>
      <tr>
        ${WEEKDAYS.map((day) => html`<th scope="col">${day}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${weeks.map(
        (week) =>
          html`<tr>
            ${week.map((date) => dayCell(date, counts.get(date ?? "") ?? 0, query, date === dayOf(now)))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function dayCell(date: string | null, count: number, query: CalendarQuery, isToday: boolean): Html {
  if (date === null) return html`<td></td>`;
  const tone = count === 0 ? "" : count >= CROWD ? "crowd" : "some";
  const number = Number(date.slice(8));
  const inside =
    count === 0
      ? html`<span class="dim">${number}</span>`
      : html`<a href="${calendarHref(query, { day: date, page: 1 })}"
          >${number} <strong>${count}</strong
          ><span class="unseen"> ${count === 1 ? "entry" : "entries"} on ${date}</span></a
        >`;
  return html`<td class="${tone}${isToday ? " today" : ""}">${inside}</td>`;
}

function dayView({ dayAt, count, entries }: CalendarDay, query: CalendarQuery, most: number, now: Instant): Html {
  const date = dayOf(dayAt);
  const isAlone = query.day !== "";
  const pages = Math.max(1, Math.ceil(entries.length / DAY_ROWS));
  const page = Math.min(query.page, pages);
  const shown = isAlone ? entries.slice((page - 1) * DAY_ROWS, page * DAY_ROWS) : entries.slice(0, most);
  const rest = isAlone ? 0 : count - shown.reduce((sum, { more }) => sum + 1 + more, 0);
  const weekday = WEEKDAYS[(new Date(dayAt).getUTCDay() + 6) % 7];
  return html`<section class="day" id="day-${date}" aria-labelledby="name-${date}">
    <h3 id="name-${date}">
      <time datetime="${date}">${weekday} ${date}</time>
      <span class="dim">${date === dayOf(now) ? "today, " : ""}${plural(count, "entry", "entries")}</span>
    </h3>
    <ul class="agenda">
      ${shown.map(entryRow)}
    </ul>
    ${rest > 0 ? html`<p><a href="${calendarHref(query, { day: date, page: 1 })}">and ${rest} more on ${date}</a></p>` : ""}
    ${isAlone ? pager({ page, pages, href: (to) => calendarHref(query, { page: to }) }) : ""}
  </section>`;
}

function entryRow(entry: CalendarEntry): Html {
  const { token, name, issuer, what, deadlineAt, reason, more } = entry;
  return html`<li>
    <span class="at">${rangeText(entry)}</span>
    <span>
      <a href="/tokens/${token}">${token}</a>
      <span class="dim">${name === token ? "" : `${name} `}at ${issuer}</span>:
      ${WHAT[what]}${deadlineAt === null ? "" : html`, by ${spoken(deadlineAt)} at the latest`}
      <span class="dim">${reason}${more === 0 ? "" : `; and ${more} more on this day`}</span>
    </span>
  </li>`;
}

/** `08:00Z`, or the range where the jitter is not drawn; with its day where it reaches into another. */
function rangeText({ at, earliestAt, latestAt }: CalendarEntry): string {
  if (earliestAt === latestAt) return timeOfDay(at);
  const end = dayOf(earliestAt) === dayOf(latestAt) ? timeOfDay(latestAt) : spoken(latestAt).slice(5, 16) + "Z";
  const start = dayOf(earliestAt) === dayOf(at) ? timeOfDay(earliestAt) : spoken(earliestAt).slice(5, 16) + "Z";
  return `${start} – ${end}`;
}
