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
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.6 var(--sans); overflow-wrap: break-word; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
header { padding-top: clamp(1.5rem, 5vw, 3.5rem); }
.mark { margin: 0; font-size: .95rem; color: var(--soft); }
.mark b { color: var(--ink); letter-spacing: -.01em; }
h1 { margin: .4rem 0 0; font-size: clamp(1.6rem, 4.6vw, 2.5rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 680; text-wrap: balance; max-width: 24em; }
h2 { margin: 3.5rem 0 .5rem; font-size: 1.4rem; line-height: 1.3; letter-spacing: -.01em; }
h3 { margin: 2rem 0 .5rem; font-size: 1.05rem; line-height: 1.4; }
p { margin: .5rem 0; max-width: 46em; }
.soft, small { color: var(--soft); font-size: .875rem; }
code, pre { font-family: var(--mono); font-size: .85em; }
pre { margin: .75rem 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; overflow-x: auto; line-height: 1.5; }
.alert { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid var(--bad); background: var(--bad-back); border-radius: 0 6px 6px 0; max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13.5rem), 1fr)); gap: 1rem; margin: 1.75rem 0 1.5rem; padding: 0; list-style: none; }
.tiles li { padding: 1rem 1.15rem 1.1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles b { display: block; margin: .15rem 0; font-size: 2rem; line-height: 1.15; font-weight: 660; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tiles span { display: block; color: var(--soft); font-size: .875rem; line-height: 1.45; }
.trust { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; margin: .9rem 0 0; padding: 0; list-style: none; font-size: .9rem; }
.trust span { display: inline-grid; place-items: center; width: 1.25rem; height: 1.25rem; margin-right: .15rem; border-radius: 50%; font-size: .78rem; font-weight: 700; line-height: 1; }
.trust a { color: var(--ink); text-decoration-color: var(--rule); }
.trust .sure span { color: var(--good); background: var(--good-back); } .trust .care span { color: var(--look); background: var(--look-back); } .trust .wrong span { color: var(--bad); background: var(--bad-back); }
.ranking { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 1.5rem; align-items: start; margin: .75rem 0; }
.layer-card { padding: .9rem 1.1rem 1rem; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.layer-card h4 { margin: 0 0 .4rem; font-size: 1rem; } .layer-card h4 small { font-weight: 400; margin-left: .3rem; }
.layer-card ol { margin: 0; padding: 0; list-style: none; }
.layer-card li { display: grid; grid-template-columns: 3.7rem 1fr auto; gap: 0 .4rem; align-items: baseline; padding: .22rem 0 .22rem .5rem; border-left: 3px solid transparent; font-size: .9rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.layer-card .rank { color: var(--soft); font-size: .82rem; white-space: nowrap; } .layer-card .name { overflow-wrap: anywhere; font-weight: 600; } .layer-card .figure { white-space: nowrap; } .layer-card .figure small { font-size: .78rem; }
.layer-card svg { grid-column: 2 / -1; width: 100%; height: 6px; display: block; margin-top: .1rem; } .layer-card .bar { fill: var(--user); } .layer-card .range { fill: var(--ink); }
.layer-card .tie { border-left-color: var(--look); } .layer-card .tie.first { border-top-left-radius: 5px; } .layer-card .tie.last { border-bottom-left-radius: 5px; }
.more { margin: 1rem 0; max-width: 56rem; } .more .findings { padding-bottom: .5rem; }
.findings { margin: 0; padding: 0; list-style: none; max-width: 56rem; }
.findings li { display: grid; grid-template-columns: 6.2rem 1fr; gap: 0 .9rem; padding: .55rem 0; border-top: 1px solid var(--rule); }
.findings li:last-child { border-bottom: 1px solid var(--rule); }
.badge { flex: none; display: inline-block; align-self: start; justify-self: start; margin-top: .16rem; padding: .08rem .55rem; border-radius: 99px; font-size: .78rem; line-height: 1.5; font-weight: 600; white-space: nowrap; }
.claim, .completed { color: var(--good); background: var(--good-back); }
.look { color: var(--look); background: var(--look-back); }
.cannot-tell, .note { color: var(--none); background: var(--none-back); }
.invalid, .failed, .bad { color: var(--bad); background: var(--bad-back); }
.whole { white-space: nowrap; }
a.evidence { white-space: nowrap; font-size: .875rem; }
.basis { display: flex; gap: .75rem; align-items: baseline; margin: .9rem 0 0; color: var(--soft); max-width: 52rem; }
nav { margin: 1.25rem 0 0; font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0; padding: 0; list-style: none; }
.box { margin: .75rem 0; overflow-x: auto; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { padding: .6rem .9rem 0; text-align: left; color: var(--soft); font-size: .875rem; }
th, td { padding: .5rem .75rem; text-align: right; vertical-align: top; border-top: 1px solid var(--grid); line-height: 1.4; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .82rem; vertical-align: bottom; }
th:first-child, td.text { text-align: left; }
tbody th { font-weight: 600; } .sortable tbody th { min-width: 8.5rem; } .sortable th, .sortable td { padding-inline: .5rem; }
td small { display: block; white-space: nowrap; }
.stack td small + small { font-size: .78rem; }
td.text { min-width: 14rem; } td.text.nowrap { min-width: 0; }
.dense { width: auto; } .dense th, .dense td { padding: .25rem .6rem; white-space: nowrap; } .dense td.text { color: var(--soft); }
.out { color: var(--bad); font-weight: 600; }
.tall { max-height: 34rem; overflow-y: auto; } .tall thead th { position: sticky; top: 0; z-index: 1; background: var(--card); } .tall thead th:first-child { z-index: 2; }
.differs { padding-left: 1.2rem; font-size: .9rem; } .differs ul { padding-left: 1.2rem; color: var(--soft); } .differs code { white-space: nowrap; }
.scroll tbody th, .scroll thead th:first-child { position: sticky; left: 0; background: var(--card); min-width: 12rem; }
.scroll tr.sub th { padding-left: 1.75rem; font-weight: 400; color: var(--soft); } .scroll tr.sub > * { border-top: 0; padding-top: 0; }
th.text { text-align: left; }
td.nowrap { white-space: nowrap; }
tr.group th { padding-top: .9rem; padding-bottom: .25rem; color: var(--soft); font-weight: 600; font-size: .78rem; letter-spacing: .05em; text-transform: uppercase; }
tr.group + tr > * { border-top: 0; }
figure { margin: 1.5rem 0 2.5rem; }
figcaption { margin-bottom: .6rem; font-weight: 600; line-height: 1.4; text-wrap: balance; }
figure svg text { font-family: var(--sans); font-size: 12px; }
figure > svg { display: block; width: 100%; height: auto; }
figure > svg.wide { max-width: 860px; }
figure > svg.narrow { display: none; max-width: 420px; }
.off { visibility: hidden; }
.untold { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
.nothing { margin: 0; padding: 1rem 1.2rem; border: 1.5px dashed var(--rule); border-radius: 8px; color: var(--soft); max-width: 46rem; }
.nothing figcaption { margin: 0 0 .3rem; } .nothing p { margin: 0; font-size: .9rem; line-height: 1.5; }
.toggles { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; }
.toggles button { display: inline-flex; align-items: center; gap: .45rem; max-width: 100%; padding: .3rem .75rem; border: 1px solid var(--rule); border-radius: 99px; background: var(--card); color: var(--ink); font: inherit; font-size: .875rem; cursor: pointer; overflow-wrap: anywhere; text-align: left; }
.toggles svg { flex: none; }
.toggles button[aria-pressed="false"] { color: var(--soft); background: none; border-style: dashed; text-decoration: line-through; } .toggles button[aria-pressed="false"] svg { visibility: hidden; }
.tip { position: fixed; z-index: 1; max-width: min(22rem, calc(100vw - 16px)); padding: .35rem .6rem; border-radius: 6px; background: var(--ink); color: var(--paper); font-size: .82rem; line-height: 1.4; pointer-events: none; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.data { margin: .6rem 0 0; max-width: 860px; border: 0; background: none; } .data > summary { padding: .2rem 0; font-size: .875rem; font-weight: 400; color: var(--soft); width: max-content; position: relative; } .data > .box { margin: .4rem 0 0; border: 1px solid var(--rule); border-radius: 8px; }
.spark { display: block; width: 100%; min-width: 4.5rem; height: 5px; margin-top: .35rem; }
.spark .track { fill: var(--grid); } .spark .bar { fill: var(--user); } .spark .range { fill: var(--ink); }
.compare td, .compare th { padding-top: .4rem; padding-bottom: .4rem; } .compare td { line-height: 1.3; } .compare .place { display: block; font-weight: 400; }
.layer { display: none; } .sorted .layer { display: block; font-weight: 400; }
.sortable thead button { display: inline; padding: 0; border: 0; background: none; color: inherit; font: inherit; text-align: inherit; cursor: pointer; }
.sortable thead button::after { content: "\\2195"; margin-left: .3em; opacity: .55; }
.sortable [aria-sort="ascending"] button::after { content: "\\2191"; opacity: 1; } .sortable [aria-sort="descending"] button::after { content: "\\2193"; opacity: 1; }
.sortable thead button:hover { color: var(--ink); text-decoration: underline; }
progress { width: min(100%, 30rem); height: .8rem; accent-color: var(--user); }
.prose p { max-width: 46em; }
.choose { max-width: 56rem; }
.downloads { padding-left: 1.2rem; } .downloads li { margin: .3rem 0; }
details { margin: .5rem 0; border: 1px solid var(--rule); border-radius: 8px; background: var(--card); }
summary { padding: .6rem 1rem; cursor: pointer; font-weight: 600; }
summary small { font-weight: 400; }
details > :not(summary) { margin-left: 1rem; margin-right: 1rem; }
details > .box { margin: 0; border: 0; border-top: 1px solid var(--rule); border-radius: 0 0 8px 8px; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .3rem 1.4rem; margin: .75rem 0; font-size: .95rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.warnings { padding: 0; list-style: none; }
.warnings > li { padding: .7rem 0; border-top: 1px solid var(--rule); }
.warnings p { margin: .15rem 0; }
footer { margin-top: 4rem; padding-bottom: 3rem; color: var(--soft); font-size: .875rem; }
footer p { border-top: 1px solid var(--rule); padding-top: 1rem; max-width: none; }
@media (max-width: 46rem) {
  figure > svg.wide { display: none; } figure > svg.narrow { display: block; }
  .findings li { grid-template-columns: 1fr; gap: .25rem; padding: .8rem 0; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .6rem; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; text-align: left; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack.sortable thead { display: block; position: static; width: auto; height: auto; clip-path: none; padding: .7rem .9rem; border-bottom: 1px solid var(--rule); }
  .stack.sortable thead tr { display: flex; flex-wrap: wrap; gap: .35rem .5rem; } .stack.sortable thead th { display: inline-block; padding: 0; }
  .stack.sortable thead button { padding: .3rem .6rem; border: 1px solid var(--rule); border-radius: 99px; }
  .stack td .spark { display: none; }
  .stack tbody tr { padding: .7rem .9rem; border-top: 1px solid var(--rule); }
  .stack tbody tr:first-child { border-top: 0; }
  .stack th, .stack td { padding: .1rem 0; border: 0; }
  .scroll tbody th, .scroll thead th:first-child { min-width: 7.5rem; max-width: 9rem; }
  .stack td { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; }
  .stack td > span { text-align: right; } .stack td small { white-space: normal; }
  .stack th .layer { margin: 0; }
  .stack td[data-label]::before { content: attr(data-label); color: var(--soft); }
  .stack tr.group { padding-bottom: 0; } .stack tr.group th { padding: 0; } .stack tr.group + tr { border-top: 0; padding-top: .3rem; }
  .stack tbody th { font-size: 1rem; }
  .stack td.text { display: block; min-width: 0; }
  .stack td.empty { display: none; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #bbb; --grid: #ddd; --link: #000;
    --good: #0d6b4a; --good-back: #fff; --look: #7a5200; --look-back: #fff; --none: #444; --none-back: #fff; --bad: #a4262c; --bad-back: #fff;
    --user: #2f7fc1; --system: #9cc4e6; --capacity: #0f7a6c; --pale: #c2ddd8; --on-bar: #10181d; --direct: #6a737c;
    --series-1: #0072b2; --series-2: #c2410c; --series-3: #0f7a5c; --series-4: #8a3fa0; --series-5: #8a6500; --series-6: #b0245f; --series-7: #3b5bdb; --series-8: #5c6f00; }
  body { font-size: 10pt; } nav { display: none; }
  main, header, footer { max-width: none; padding: 0; }
  figure, .tiles li, tr, .findings li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .box { overflow: visible; } pre { white-space: pre-wrap; } th, td { padding: .25rem .4rem; font-size: 8pt; } td small, th small { font-size: 7pt; }
  .badge { border: 1px solid currentColor; }
  .tall { max-height: none; } .tall thead th { position: static; } .ranking { grid-template-columns: repeat(3, 1fr); gap: .6rem; } .layer-card { padding: .4rem .5rem; } .layer-card li { font-size: 7.5pt; grid-template-columns: 2.2rem 1fr auto; }
  .choose, .toggles, .tip, .sortable thead button::after { display: none; } .off { visibility: visible; }
  figure > svg.wide { display: block; max-width: 100%; } figure > svg.narrow { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
