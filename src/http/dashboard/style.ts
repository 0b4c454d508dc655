/** The dashboard's only style sheet. Colours reach WCAG AA on both papers; every tone has a mark and a word beside it. */
const COLOURS = `
:root { color-scheme: light dark;
  --ink: #1b1f24; --dim: #57606a; --paper: #ffffff; --card: #f6f8fa; --line: #d0d7de; --link: #0b57a4; --focus: #0b57a4;
  --good: #0f6b3c; --busy: #0b57a4; --warn: #7d4e00; --bad: #b3261e; --still: #57606a;
  --main: #0b6e4f; --on-main: #ffffff; --old: #b6c2cf; --new: #9ad1b4; --on-bar: #14181c; --window: #dbe7fb; --window-on: #6f9fe0; --urgent: #fbe3b5; --risk: #f7c8c3; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e6e9ec; --dim: #a2abb5; --paper: #0f1216; --card: #181c22; --line: #343b44; --link: #86b8f7; --focus: #86b8f7;
  --good: #56d695; --busy: #86b8f7; --warn: #efb44c; --bad: #ff9c94; --still: #a2abb5;
  --main: #56d695; --on-main: #08150e; --old: #4b5764; --new: #1f6a48; --on-bar: #f2f5f7; --window: #1c2c47; --window-on: #5f8fd6; --urgent: #4a3a12; --risk: #52231f; } }
`;

const BASE = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main, .bar, .said { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
main { padding-bottom: 3rem; }
main:focus { outline: none; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1.02rem; margin: 0; }
p { margin: .3rem 0; }
ul, ol { margin: .3rem 0; padding: 0; list-style: none; }
a { color: var(--link); text-underline-offset: .15em; }
code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: .4rem 0; }
dt { color: var(--dim); }
dd { margin: 0; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
.dim { color: var(--dim); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.needs-js { display: none; }
.js .needs-js { display: revert; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--paper); border: 2px solid var(--focus); border-radius: 6px; z-index: 2; }
.skip:focus { top: .5rem; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1.2rem; padding-top: .7rem; padding-bottom: .7rem; border-bottom: 1px solid var(--line); margin-bottom: 1.2rem; }
.brand { margin: 0; font-weight: 700; font-size: 1.15rem; }
.brand a { color: var(--ink); text-decoration: none; padding: .25rem 0; }
.bar nav { display: flex; gap: 1rem; margin-right: auto; }
.bar nav a { padding: .25rem 0; }
.bar nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; border-bottom: 2px solid var(--main); }
.live { margin: 0; font-size: .9rem; color: var(--dim); }
.live.on { color: var(--good); }
.live.off { color: var(--bad); font-weight: 600; }
.said { min-height: 1.5rem; position: sticky; bottom: 0; font-weight: 600; }
.said:not(:empty) { background: var(--card); border-top: 2px solid var(--main); padding-top: .6rem; padding-bottom: .6rem; }
`;

const FORMS = `
button, .button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--dim); border-radius: 6px; padding: .4rem .9rem; min-height: 2.4rem; cursor: pointer; text-decoration: none; display: inline-block; }
.js button.needs-js { display: inline-block; }
.js div.needs-js.actions { display: flex; }
button.main, .button.main { background: var(--main); border-color: var(--main); color: var(--on-main); font-weight: 600; }
button.quiet { border-color: var(--line); min-height: 2rem; padding: .2rem .7rem; }
button[disabled], button[aria-disabled=true] { opacity: .55; cursor: default; }
input, select { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--dim); border-radius: 6px; padding: .35rem .5rem; min-height: 2.4rem; max-width: 100%; }
input[type=radio] { min-height: 0; width: 1.15rem; height: 1.15rem; margin: 0; accent-color: var(--main); flex: none; }
input::placeholder { color: var(--dim); opacity: 1; }
.filters { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin: .6rem 0; }
.filters label { display: grid; gap: .15rem; font-size: .9rem; color: var(--dim); }
.filters label { min-width: 0; max-width: 100%; grid-template-columns: minmax(0, 1fr); }
.filters label:first-child { flex: 1 1 14rem; }
.filters select { max-width: 16rem; text-overflow: ellipsis; }
@media (max-width: 36rem) { .filters label { flex: 1 1 8rem; } .filters select { width: 100%; } }
.actions { flex-wrap: wrap; gap: .6rem; margin: .8rem 0 .2rem; }
.commands li, .changes li { padding-left: 1rem; border-left: 3px solid var(--line); }

.buttons { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: 1rem; }
.problem { color: var(--bad); font-weight: 600; }
.problem:empty { display: none; }
.sign-in + section label, dialog label { display: grid; gap: .2rem; margin: .6rem 0; }
#sign-in input { width: 100%; max-width: 28rem; }
dialog { color: var(--ink); background: var(--paper); border: 1px solid var(--dim); border-radius: 10px; padding: 1.2rem 1.4rem; width: min(34rem, calc(100vw - 1.5rem)); max-height: calc(100vh - 1.5rem); overflow: auto; }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog h2 { margin-top: 0; }
fieldset { border: 1px solid var(--line); border-radius: 8px; padding: .4rem .9rem .7rem; margin: .8rem 0; }
legend { font-weight: 600; padding: 0 .3rem; }
dialog .choice { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .6rem; margin: 0; min-height: 1.9rem; }
dialog .choice[hidden] { display: none; }
.choice.own { margin-top: .3rem; }
.choice.own label { display: flex; align-items: center; gap: .6rem; margin: 0; }
.choice.own input[type=number] { width: 6.5rem; }
dialog .choice > span:first-of-type { flex: 1 1 8rem; min-width: 0; }
dialog .choice.own > label > span { flex: none; }
dialog .bound:not(:empty) { flex-basis: 100%; margin-left: 1.75rem; font-size: .9rem; }
.choice.barred > span:first-of-type { text-decoration: line-through; color: var(--dim); }
`;

const FLEET = `
.head { margin-bottom: 1rem; }
.lead { font-size: 1.1rem; }
.head.good h1 { color: var(--good); }
.head.bad h1 { color: var(--bad); }
.badge { font-weight: 600; white-space: normal; }
.good > .badge, .badge.good, .dots .good { color: var(--good); }
.badge.busy, .dots .busy { color: var(--busy); }
.badge.warn, .dots .warn, strong.warn { color: var(--warn); }
.badge.bad, .dots .bad, strong.bad { color: var(--bad); }
.badge.still, strong.still { color: var(--still); }
.card { border: 1px solid var(--line); border-left: 5px solid var(--line); border-radius: 8px; background: var(--card); padding: .7rem 1rem; margin: .7rem 0; }
.card.good { border-left-color: var(--good); } .card.busy { border-left-color: var(--busy); } .card.warn { border-left-color: var(--warn); } .card.bad { border-left-color: var(--bad); }
.rows { border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 5fr) 12rem minmax(0, 4fr); gap: .2rem 1.2rem; padding: .6rem .2rem .6rem .8rem; border-bottom: 1px solid var(--line); border-left: 4px solid transparent; }
.row.warn { border-left-color: var(--warn); } .row.bad { border-left-color: var(--bad); }
.row h3 a { display: inline-block; min-height: 1.6rem; }
.row .dim, .row .why { font-size: .9rem; margin: 0; }
.times { margin: 0; align-content: start; font-size: .93rem; gap: 0 .7rem; }
.dots { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: .9rem; }
.mini { width: 100%; height: 1.1rem; display: block; margin: .3rem 0; background: var(--card); border-radius: 3px; }
.pager { display: flex; gap: 1.2rem; align-items: center; margin: 1rem 0; }
.pager a { padding: .4rem 0; }
@media (max-width: 60rem) { .row { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
@media (max-width: 36rem) { .bar { gap: .3rem .8rem; font-size: .95rem; } .bar nav { gap: .8rem; } .live { font-size: .85rem; } button.quiet { padding: .2rem .5rem; } .row { grid-template-columns: minmax(0, 1fr); } h1 { font-size: 1.35rem; } }
`;

const TOKEN = `
.labels { display: flex; flex-wrap: wrap; gap: .4rem; }
.labels li { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .7rem; font-size: .9rem; }
.timeline { width: 100%; height: auto; display: block; background: var(--card); border-radius: 8px; padding: .4rem 0; }
.timeline text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.timeline text { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.timeline .edge { fill: var(--dim); }
.timeline .on, .timeline .beside { font-weight: 600; }
.timeline .on { fill: var(--on-bar); } .timeline .on.old { stroke: var(--old); } .timeline .on.new { stroke: var(--new); }
.timeline .marktext { font-weight: 600; } .marktext.renew { fill: var(--busy); } .marktext.latest { fill: var(--warn); } .marktext.deadline { fill: var(--bad); }
.timeline .lane { stroke: var(--line); stroke-width: 1; }
.narrow { display: none; }
.life.old, .key.old { fill: var(--old); background: var(--old); }
.life.new, .key.new { fill: var(--new); background: var(--new); }
.window, .key.window { fill: var(--window-on); background: var(--window-on); }
.urgent, .key.latest { fill: var(--urgent); background: var(--urgent); }
.risk, .key.deadline { fill: var(--risk); background: var(--risk); }
.mini .renew { fill: var(--busy); } .mini .now { fill: var(--ink); }
.key.renew { background: var(--busy); } .key.now { background: var(--ink); }
.mark, .nowline { stroke: var(--dim); stroke-width: 1.5; }
.mark.renew { stroke: var(--busy); stroke-width: 2.5; } .mark.deadline { stroke: var(--bad); stroke-width: 2.5; } .mark.latest { stroke: var(--warn); stroke-width: 2.5; }
.nowline { stroke: var(--ink); stroke-width: 2.5; } .timeline .nowtext { font-weight: 700; }
.facts { margin-top: .6rem; }
.facts li { padding: .1rem 0; }
.facts .past { color: var(--dim); }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin-right: .4rem; border: 1px solid var(--dim); }
.sums li { padding: .1rem 0 .1rem 1rem; border-left: 3px solid var(--line); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; }
th { color: var(--dim); font-weight: 600; }
.history { font-size: .93rem; }
.history td { border-top: 1px solid var(--line); }
.history td:first-child, .history th:first-child { white-space: nowrap; width: 1%; padding-right: 1.2rem; }
.targets { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: .7rem; }
.targets .card { margin: 0; min-width: 0; }
summary { cursor: pointer; min-height: 1.5rem; width: max-content; max-width: 100%; }
@media (max-width: 36rem) {
  .timeline { display: none; }
  .narrow { display: block; } .narrow .mini { height: 3rem; }
  .history thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .history tr { display: block; border-top: 1px solid var(--line); padding: .3rem 0; }
  .history td { display: block; border: 0; padding: 0; }
  dl:not(.times) { grid-template-columns: minmax(0, 1fr); } dl:not(.times) dd { margin-bottom: .4rem; }
}
`;

const CALENDAR = `
.months { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem 2rem; align-items: start; }
.month { table-layout: fixed; }
.month caption { text-align: left; font-weight: 600; padding-bottom: .2rem; }
.month th, .month td { text-align: center; padding: .1rem; font-size: .9rem; }
.month a { display: block; min-height: 1.9rem; padding-top: .2rem; border-radius: 5px; }
.month .some a { background: var(--card); }
.month .crowd a { background: var(--urgent); color: var(--ink); }
.month .today { outline: 2px solid var(--main); border-radius: 5px; }
.month strong { display: block; font-size: .85em; line-height: 1.3; }
.day { border-top: 1px solid var(--line); padding: .6rem 0; }
.agenda li { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0 1rem; padding: .15rem 0; }
.agenda a { display: inline-block; min-height: 1.5rem; }
.at { font-variant-numeric: tabular-nums; color: var(--dim); }
@media (max-width: 36rem) { .agenda li { grid-template-columns: minmax(0, 1fr); } }
@media (prefers-reduced-motion: no-preference) { .js .changed { animation: changed 1.5s ease-out; } @keyframes changed { from { background: var(--window); } } }
`;

export const STYLE: string = [COLOURS, BASE, FORMS, FLEET, TOKEN, CALENDAR].join("");
