/** The page's only style sheet. Its hash stands in the page's content policy, so it is inlined exactly as it is here. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --paper: #fcfcfd; --line: #d9d9e0; --good: #18794e; --bad: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --dim: #b0b4ba; --paper: #111113; --line: #363a3f; --good: #3dd68c; --bad: #ff9592; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 0; }
h3 { font-size: 1rem; margin: 0; }
p, ul { margin: 0.4rem 0; }
ul { padding-left: 1.2rem; }
code { font: 0.9em ui-monospace, monospace; }
article { border: 1px solid var(--line); border-left-width: 5px; border-radius: 6px; margin: 1rem 0; padding: 0.8rem 1rem; }
.good { border-left-color: var(--good); }
.bad { border-left-color: var(--bad); }
.dim { color: var(--dim); }
.state { font-weight: 600; }
.good .state { color: var(--good); }
.bad .state { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0.4rem 0; }
dt { color: var(--dim); }
dd { margin: 0; }
section { border-top: 1px solid var(--line); margin-top: 0.6rem; padding-top: 0.6rem; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.4rem; } }
`;
