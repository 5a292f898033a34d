/**
 * The report's style sheet. System fonts, one column, colour only where it carries the verdict, which a sign and a word
 * carry as well. All pairs of text and ground have a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3), in both schemes.
 */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #ffffff;
  --raised: #f6f7f8;
  --text: #1c1f23;
  --quiet: #575e66;
  --rule: #d9dce0;
  --passed: #17703a;
  --failed: #b3261e;
  --refused: #875800;
  --passed-ground: #edf7f0;
  --failed-ground: #fdf0ef;
  --refused-ground: #fcf5e6;
  --bar: #7d8894;
  --link: #0b57a4;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c;
    --raised: #1d2126;
    --text: #e5e8eb;
    --quiet: #a4acb5;
    --rule: #343a41;
    --passed: #63cf8b;
    --failed: #ff938a;
    --refused: #e9bb5b;
    --passed-ground: #17271d;
    --failed-ground: #2d1b1a;
    --refused-ground: #2a2314;
    --bar: #8793a0;
    --link: #8ab8ee;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif;
  overflow-wrap: anywhere;
}
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
h1, h2, h3, h4, p, dl, dd, ul, ol, figure, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, pre, samp { font-family: var(--mono); font-size: 0.875em; }
code { color: inherit; }
pre {
  background: var(--raised);
  border-radius: 4px;
  padding: 0.625rem 0.75rem;
  font-size: 0.8125rem;
  line-height: 1.5;
  white-space: pre-wrap;
  tab-size: 4;
}
.hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.quiet { color: var(--quiet); }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.passed { --tone: var(--passed); --tone-ground: var(--passed-ground); }
.failed { --tone: var(--failed); --tone-ground: var(--failed-ground); }
.refused { --tone: var(--refused); --tone-ground: var(--refused-ground); }
.sign { width: 1em; height: 1em; flex: none; color: var(--tone); vertical-align: -0.125em; }

header { padding-top: 1.25rem; }
.brand { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.25rem 1rem; color: var(--quiet); font-size: 0.875rem; }
.brand strong { color: var(--text); font-weight: 600; letter-spacing: 0.01em; }
.verdict {
  margin-top: 1rem;
  padding: 1.5rem 1.5rem 1.375rem;
  background: var(--tone-ground);
  border-left: 4px solid var(--tone);
  border-radius: 4px;
}
.verdict h1 {
  display: flex; gap: 0.4em; align-items: flex-start;
  font-size: clamp(1.75rem, 1.2rem + 2.6vw, 2.75rem); line-height: 1.15; font-weight: 650; letter-spacing: -0.015em;
}
.verdict h1 .sign { width: 0.9em; height: 0.9em; margin-top: 0.125em; }
.verdict p { margin-top: 0.5rem; }
.verdict .quiet { font-size: 0.9375rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0.75rem 2.5rem; margin-top: 1.25rem; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--quiet); font-size: 0.875rem; }
.figures dd { font-size: 1.625rem; line-height: 1.2; font-weight: 600; font-variant-numeric: tabular-nums; color: var(--tone); }
.figures div:not([class]) { --tone: var(--text); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.125rem; padding: 0.875rem 0 0; font-size: 0.9375rem; }

section { margin-top: 2.75rem; }
h2 { font-size: 1.3125rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.005em; }
h2 + p { margin-top: 0.25rem; color: var(--quiet); max-width: 44rem; }
h3 { font-size: 1rem; line-height: 1.4; font-weight: 600; }
.group { margin-top: 1.5rem; }
.group > h3 { display: flex; justify-content: space-between; gap: 1rem; padding-bottom: 0.375rem; border-bottom: 1px solid var(--rule); }
.group > h3 .quiet { font-weight: 400; font-size: 0.9375rem; }

.probe { border-bottom: 1px solid var(--rule); }
.probe summary {
  display: grid; grid-template-columns: 1.125rem minmax(0, 5fr) minmax(0, 4fr) 4.25rem 0.625rem; gap: 0 0.75rem; align-items: baseline;
  padding: 0.4375rem 0; cursor: pointer; list-style: none;
}
.probe summary::-webkit-details-marker { display: none; }
.probe summary::after {
  content: ""; width: 0.4375rem; height: 0.4375rem; align-self: start; margin-top: 0.53rem; justify-self: end;
  border: solid var(--quiet); border-width: 0 1.5px 1.5px 0; transform: translateX(-0.125rem) rotate(-45deg);
}
.probe details[open] summary::after { transform: translateY(-0.125rem) rotate(45deg); }
.probe summary:hover .statement { text-decoration: underline; text-decoration-color: var(--quiet); text-underline-offset: 0.2em; }
.probe .seen { color: var(--quiet); font-size: 0.9375rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.probe .took { color: var(--quiet); font-size: 0.9375rem; text-align: right; }
.probe details[open] .seen { visibility: hidden; }
.probe .inside { padding: 0.125rem 0 1rem 1.875rem; }
.facts { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: 0.375rem 0.75rem; font-size: 0.9375rem; }
.facts dt { color: var(--quiet); }
.facts pre { margin-top: 0.25rem; }
.facts dd + dd { grid-column: 2; }
.options li { display: inline; }
.options li + li::before { content: ", "; color: var(--quiet); }

.problem { margin-top: 1.25rem; padding: 1rem 1.125rem 1.125rem; border: 1px solid var(--rule); border-left: 4px solid var(--tone); border-radius: 4px; }
.problem h3 { display: flex; gap: 0.5em; align-items: baseline; font-size: 1.0625rem; }
.problem h3 .sign { transform: translateY(0.125em); }
.problem .proves { margin-top: 0.125rem; color: var(--quiet); font-size: 0.9375rem; }
.compare { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.75rem; margin-top: 0.875rem; }
.compare dt { color: var(--quiet); font-size: 0.875rem; }
.compare dd { margin-top: 0.125rem; padding: 0.5rem 0.625rem; background: var(--raised); border-radius: 4px; font-family: var(--mono); font-size: 0.8125rem; white-space: pre-wrap; }
.compare .wrong dd { box-shadow: inset 0 0 0 1px var(--failed); }
.problem .facts { margin-top: 0.875rem; }
.problem > p { margin-top: 0.25rem; }
.problem > pre { margin-top: 0.625rem; }
.names { margin-top: 0.5rem; padding-left: 1.625rem; font-size: 0.9375rem; }
.names li { padding: 0.0625rem 0; }

table { width: 100%; border-collapse: collapse; margin-top: 0.75rem; font-size: 0.9375rem; }
caption { text-align: left; padding-bottom: 0.375rem; font-weight: 600; }
th, td { padding: 0.375rem 0.75rem 0.375rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--rule); }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-weight: 400; font-size: 0.875rem; }
tbody th { font-weight: 400; }
td.number, th.number { text-align: right; width: 1%; }
td pre { margin-top: 0.25rem; }
.spans { table-layout: fixed; }
.spans + .spans { margin-top: 1.75rem; }
td .fold { margin-top: 0.125rem; font-size: 0.875rem; }
.spans .label { width: 6.5rem; }
.spans .number { width: 5.25rem; }
.spans svg { display: block; width: 100%; height: 0.625rem; transform: translateY(0.0625rem); }
.spans .track { fill: var(--raised); }
.spans .span { fill: var(--bar); }

.fold { margin-top: 0.75rem; }
.fold > summary { cursor: pointer; padding: 0.25rem 0; }
.fold pre { margin-top: 0.375rem; }
.log { font-size: 0.75rem; }
.copy { user-select: all; }
figure img { display: block; max-width: 100%; height: auto; margin-top: 0.75rem; border: 1px solid var(--rule); border-radius: 4px; }
figcaption { margin-top: 0.375rem; color: var(--quiet); font-size: 0.875rem; }
.sheet { margin-top: 0.75rem; grid-template-columns: 9rem minmax(0, 1fr); }
.sheet + .fold { margin-top: 1rem; }
footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 2.5rem; color: var(--quiet); font-size: 0.875rem; }
footer ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.125rem; }

@media screen and (max-width: 44rem) {
  main, header, footer { padding-left: 1rem; padding-right: 1rem; }
  .verdict { padding: 1.125rem 1.125rem 1.125rem; }
  .figures { gap: 0.75rem 1.75rem; }
  section { margin-top: 2.25rem; }
  .probe summary { grid-template-columns: 1.125rem minmax(0, 1fr) auto 0.625rem; }
  .probe .seen { grid-column: 2 / 4; grid-row: 2; }
  .probe summary::after { grid-column: 4; grid-row: 1; }
  .probe details[open] .seen { display: none; }
  .probe .inside { padding-left: 0; }
  .compare { grid-template-columns: minmax(0, 1fr); gap: 0.625rem; }
  .facts:not(.sheet) { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .facts:not(.sheet) dd { padding-bottom: 0.5rem; }
  .sheet { grid-template-columns: 6.25rem minmax(0, 1fr); }
  .facts:not(.sheet) dd + dd { grid-column: 1; }
  .spans .label { width: 6rem; }
  .spans .number { width: 4.25rem; }
  .spans .from { display: none; }
}
@media print {
  :root { color-scheme: light; font-size: 9.5pt; }
  .probe summary::after { display: none; }
  .probe .seen { white-space: normal; }
  main, header, footer { max-width: none; padding-left: 0; padding-right: 0; }
  nav { display: none; }
  .verdict, .problem, .compare dd, pre, .spans svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section, .group { margin-top: 1.25rem; }
  h2, h3 { break-after: avoid; }
  .problem, .probe, tr, figure { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
}
`;
