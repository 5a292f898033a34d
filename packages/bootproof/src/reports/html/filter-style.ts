import { coverageVerdicts } from '../coverage.ts';

const rules = coverageVerdicts.map((verdict) => {
  const name = verdict.replaceAll(' ', '-');
  return `  .filter:has([value="${name}"]:checked) ~ .coverage tbody tr:not(.${name}) { display: none; }`;
});

/** The list of options, and its filter: on paper all of them are listed. */
export const filterStyle = `
.filter { display: flex; flex-wrap: wrap; gap: 0.25rem 1.125rem; margin: 0.75rem 0 0; padding: 0; border: 0; font-size: 0.9375rem; }
.filter label { display: inline-flex; gap: 0.375rem; align-items: baseline; cursor: pointer; }
.filter input { margin: 0; accent-color: var(--link); }
.coverage th:first-child { width: 42%; }
.coverage .unproven td:nth-child(2) { color: var(--failed); }
@media screen {
${rules.join('\n')}
}
@media print {
  .filter { display: none; }
}
`;
