/** The page's only style sheet. Light, dark and print share one set of properties; charts use them too. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfcfa; --card: #ffffff; --ink: #1c2126; --soft: #59626b; --rule: #d9d6d0; --grid: #ebe8e2; --link: #0b5c94;
  --good: #0d6b4a; --good-back: #e2f3ea; --look: #7a5200; --look-back: #faefd3; --none: #555d66; --none-back: #ecebe8; --bad: #a4262c; --bad-back: #fbe6e5;
  --user: #2f7fc1; --system: #9cc4e6; --capacity: #0f7a6c; --pale: #c2ddd8; --on-bar: #10181d;
  --direct: #6a737c; --series-1: #0072b2; --series-2: #c2410c; --series-3: #0f7a5c; --series-4: #8a3fa0; --series-5: #8a6500; --series-6: #b0245f; --series-7: #3b5bdb; --series-8: #5c6f00;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1b1f23; --ink: #e8e6e1; --soft: #a3abb3; --rule: #363c42; --grid: #2a2f34; --link: #7cc0f2;
    --good: #7fdcb4; --good-back: #143528; --look: #f1cd7b; --look-back: #3a2e10; --none: #b6bcc3; --none-back: #2b3036; --bad: #ff9d97; --bad-back: #431d1c;
    --user: #4fa3e3; --system: #2f5f8a; --capacity: #35b5a2; --pale: #2c4f4a; --on-bar: #ffffff;
    --direct: #a9b1b9; --series-1: #56b4e9; --series-2: #f28e5c; --series-3: #4bc99b; --series-4: #d29ae0; --series-5: #e2c14c; --series-6: #f58ab4; --series-7: #96a9ff; --series-8: #b9cc55;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 3.2rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 var(--sans); overflow-wrap: break-word; }
.frame, body > header, body > main { max-width: 110rem; margin: 0 auto; padding: 0 clamp(1rem, 2.5vw, 2rem); }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
header { padding-top: 1.1rem; }
.mark { margin: 0; font-size: .9rem; color: var(--soft); max-width: none; }
.mark b { color: var(--ink); letter-spacing: -.01em; }
h1 { margin: .3rem 0 0; font-size: clamp(1.45rem, 2.6vw, 2.1rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 680; text-wrap: balance; max-width: 44em; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.3rem; line-height: 1.3; letter-spacing: -.01em; }
p { margin: .5rem 0; max-width: 62em; }
.soft, small { color: var(--soft); font-size: .85rem; }
code, pre { font-family: var(--mono); font-size: .85em; }
pre { margin: .75rem 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; overflow-x: auto; line-height: 1.5; }
.alert { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid var(--bad); background: var(--bad-back); border-radius: 0 6px 6px 0; max-width: none; }
nav { position: sticky; top: 0; z-index: 3; margin: 0 calc(-1 * clamp(1rem, 2.5vw, 2rem)); padding: 0 clamp(1rem, 2.5vw, 2rem); background: var(--paper); border-bottom: 1px solid var(--rule); font-size: .9rem; overflow-x: auto; scrollbar-width: none; }
nav ul { display: flex; gap: .2rem 1.2rem; margin: 0; padding: .5rem 0; list-style: none; white-space: nowrap; }
nav a { color: var(--soft); text-decoration: none; } nav a:hover { color: var(--link); text-decoration: underline; }
.sure { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1.2rem; margin: .7rem 0 0; font-size: .9rem; }
.sure > .badge { font-size: .95rem; padding: .12rem .8rem; margin: 0; align-self: center; }
.sure ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0; padding: 0; list-style: none; }
.sure a { color: var(--soft); text-decoration-color: var(--rule); }
.dot { display: inline-grid; place-items: center; width: 1.15rem; height: 1.15rem; margin-right: .3rem; border-radius: 50%; font-size: .74rem; font-weight: 700; line-height: 1; }
.halves { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2rem; margin-top: 1.1rem; }
.halves > div > .box:first-child { margin-top: 0; } .pictures { display: grid; gap: 1.2rem; align-content: start; }
.halves h2 { margin-top: 1.4rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 1.4rem 2rem; align-items: start; }
.items { margin: 0; padding: 0; list-style: none; }
.items li { display: grid; grid-template-columns: max-content 1fr; gap: 0 .7rem; padding: .45rem 0; border-top: 1px solid var(--rule); line-height: 1.45; }
.items li > span:only-child { grid-column: 1 / -1; }
.items li:first-child { border-top: 0; }
.part > .items { columns: 2 34rem; column-gap: 2rem; } .part > .items li { break-inside: avoid; }
.badge { flex: none; display: inline-block; align-self: start; justify-self: start; margin-top: .1rem; padding: .05rem .55rem; border-radius: 99px; font-size: .78rem; line-height: 1.5; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); } .care { color: var(--look); background: var(--look-back); }
.quiet { color: var(--none); background: var(--none-back); } .bad { color: var(--bad); background: var(--bad-back); }
.whole { white-space: nowrap; }
a.evidence { white-space: nowrap; font-size: .85rem; color: var(--soft); }
.box { margin: .6rem 0; overflow-x: auto; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); max-height: 46rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .38rem .7rem; text-align: right; vertical-align: top; border-top: 1px solid var(--grid); line-height: 1.35; }
thead th { position: sticky; top: 0; z-index: 1; border-top: 0; background: var(--card); color: var(--soft); font-weight: 600; font-size: .82rem; vertical-align: bottom; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--card); } thead th:first-child { z-index: 2; }
td.text, th.text { text-align: left; } td.text { min-width: 8rem; }
tbody th { font-weight: 600; min-width: 7.5rem; max-width: 17rem; overflow-wrap: anywhere; } tbody th small { display: block; font-weight: 400; }
td small { display: block; white-space: nowrap; font-size: .78rem; } td.text small { white-space: normal; }
tr.group th { padding: .7rem .7rem .15rem; color: var(--soft); font-size: .8rem; position: static; max-width: none; }
tr.group + tr > * { border-top: 0; }
figure { margin: 0; min-width: 0; }
figcaption { margin-bottom: .4rem; line-height: 1.35; } figcaption b { display: block; font-size: 1.02rem; } figcaption span { color: var(--soft); font-size: .9rem; } figcaption .whole { color: inherit; }
figure svg text { font-family: var(--sans); font-size: 12px; }
figure > svg { display: block; width: 100%; height: auto; }
figure > svg.wide { max-width: 640px; }
figure > svg.narrow { display: none; max-width: 420px; }
.off { visibility: hidden; }
.toggles { display: flex; flex-wrap: wrap; gap: .4rem; margin: 1rem 0 0; }
.toggles button { display: inline-flex; align-items: center; gap: .4rem; max-width: 100%; padding: .2rem .7rem; border: 1px solid var(--rule); border-radius: 99px; background: var(--card); color: var(--ink); font: inherit; font-size: .85rem; cursor: pointer; overflow-wrap: anywhere; text-align: left; }
.toggles svg { flex: none; }
.toggles button[aria-pressed="false"] { color: var(--soft); background: none; border-style: dashed; text-decoration: line-through; } .toggles button[aria-pressed="false"] svg { visibility: hidden; }
.tip { position: fixed; z-index: 4; max-width: min(22rem, calc(100vw - 16px)); padding: .35rem .6rem; border-radius: 6px; background: var(--ink); color: var(--paper); font-size: .82rem; line-height: 1.4; pointer-events: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.sortable thead button { display: inline; padding: 0; border: 0; background: none; color: inherit; font: inherit; text-align: inherit; cursor: pointer; }
.sortable thead button { border-bottom: 1px dotted var(--rule); }
.sortable [aria-sort="ascending"] button::after { content: " \\2191"; } .sortable [aria-sort="descending"] button::after { content: " \\2193"; }
.sortable thead button:hover { color: var(--ink); text-decoration: underline; }
progress { width: min(100%, 30rem); height: .8rem; accent-color: var(--user); }
.missing { margin-top: 1.2rem; max-width: none; }
.downloads { padding-left: 1.2rem; } .downloads li { margin: .3rem 0; }
details { margin: .4rem 0; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
summary { padding: .42rem .9rem; cursor: pointer; font-weight: 600; }
summary small { font-weight: 400; }
.inside { padding: 0 .9rem .7rem; scroll-margin-top: 6rem; } .pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2rem; } .inside > .box:first-child { margin-top: 0; }
.data { margin: .2rem 0 0; border: 0; background: none; } .data > summary { position: relative; width: max-content; padding: .1rem 0; font-size: .82rem; font-weight: 400; color: var(--soft); }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .25rem 1.4rem; margin: .75rem 0; font-size: .95rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 2rem; padding-bottom: 1.5rem; color: var(--soft); font-size: .85rem; }
footer p { border-top: 1px solid var(--rule); padding-top: .8rem; max-width: none; }
@media (min-width: 62rem) {
  .halves { grid-template-columns: minmax(0, 1.08fr) minmax(0, 1fr); } .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
}
@media (min-width: 76rem) {
  .frame { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 0 2rem; }
  nav { align-self: start; margin: 0; padding: 1.1rem 0; border: 0; }
  nav ul { flex-direction: column; gap: .3rem; padding: 0; white-space: normal; } nav li { border-left: 2px solid var(--rule); padding: .05rem 0 .05rem .7rem; }
  html { scroll-padding-top: .8rem; } .inside { scroll-margin-top: 3.4rem; }
}
@media (max-width: 34rem) {
  figure > svg.wide { display: none; } figure > svg.narrow { display: block; }
  .items li { grid-template-columns: 1fr; gap: .2rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
  th, td { padding: .35rem .5rem; } tbody th { max-width: 8.5rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #bbb; --grid: #ddd; --link: #000;
    --good: #0d6b4a; --good-back: #fff; --look: #7a5200; --look-back: #fff; --none: #444; --none-back: #fff; --bad: #a4262c; --bad-back: #fff;
    --user: #2f7fc1; --system: #9cc4e6; --capacity: #0f7a6c; --pale: #c2ddd8; --on-bar: #10181d; --direct: #6a737c;
    --series-1: #0072b2; --series-2: #c2410c; --series-3: #0f7a5c; --series-4: #8a3fa0; --series-5: #8a6500; --series-6: #b0245f; --series-7: #3b5bdb; --series-8: #5c6f00; }
  body { font-size: 9.5pt; } nav { display: none; }
  .frame { display: block; max-width: none; padding: 0; }
  figure, tr, .items li { break-inside: avoid; } h2, summary { break-after: avoid; }
  .halves, .charts { grid-template-columns: 1fr 1fr; gap: 1rem; }
  .box { overflow: visible; max-height: none; } pre { white-space: pre-wrap; } th, td { padding: .2rem .35rem; font-size: 7.5pt; } td small, th small { font-size: 6.5pt; white-space: normal; }
  thead th, th:first-child { position: static; } .badge { border: 1px solid currentColor; }
  details { border: 0; } details::details-content { content-visibility: visible; display: block; height: auto; }
  .choose, .toggles, .tip, .sortable thead button::after { display: none; } .off { visibility: visible; }
  figure > svg.wide { display: block; max-width: 100%; } figure > svg.narrow { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
