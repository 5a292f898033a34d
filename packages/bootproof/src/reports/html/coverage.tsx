import type { JSX } from 'preact';
import type { CoverageVerdict, OptionCoverage } from '../../plan/coverage.ts';
import type { Proof } from '../../probes/probe.ts';
import type { RunResult } from '../../runner/result.ts';
import { coverageBecause, coverageSentence, coverageVerdicts, coverageWord } from '../coverage.ts';
import { Name, Section, Sign } from './parts.tsx';

/** A verdict as a value of an attribute, which the style sheet's filter goes by. */
const slug = (verdict: CoverageVerdict): string => verdict.replaceAll(' ', '-');

/** Shows options of one verdict only: without a script, by the style sheet. */
function Filter({ result, there }: { result: RunResult; there: readonly CoverageVerdict[] }): JSX.Element {
  const number = (verdict: CoverageVerdict) =>
    result.coverage.filter((option) => option.verdict === verdict).length;
  const choice = (value: string, label: string, checked: boolean) => (
    <label>
      <input type="radio" name="coverage" value={value} checked={checked} />
      {label}
    </label>
  );
  return (
    <fieldset class="filter">
      <legend class="hidden">Which options to list</legend>
      {choice('all', `all (${result.coverage.length})`, true)}
      {there.map((verdict) =>
        choice(slug(verdict), `${coverageWord(verdict, result.image.kind)} (${number(verdict)})`, false),
      )}
    </fieldset>
  );
}

/** What shows an option, each probe with what it came to in this run; or why nothing shows it. */
function Because({
  option,
  proofs,
  kind,
}: {
  option: OptionCoverage;
  kind: RunResult['image']['kind'];
  proofs: ReadonlyMap<string, Proof>;
}): JSX.Element {
  if (option.probes.length === 0) return <>{coverageBecause(option, kind)}</>;
  return (
    <ul>
      {option.probes.map((id) => {
        const verdict = proofs.get(id)?.verdict;
        return (
          <li class={verdict}>
            {verdict !== undefined && <Sign verdict={verdict} />} <Name text={id} />
          </li>
        );
      })}
    </ul>
  );
}

/** Every declared option, with what the test makes of it. */
export function Coverage({ result }: { result: RunResult }): JSX.Element | null {
  const { coverage, image } = result;
  if (coverage.length === 0) return null;
  const there = coverageVerdicts.filter((verdict) => coverage.some((option) => option.verdict === verdict));
  const proofs = new Map(result.proofs.map((proof) => [proof.probe.id, proof]));
  return (
    <Section id="coverage" title="What of the declaration is proven" lead={`${coverageSentence(coverage)}.`}>
      <Filter result={result} there={there} />
      <table class="coverage">
        <thead>
          <tr>
            <th scope="col">Option</th>
            <th scope="col">Verdict</th>
            <th scope="col">Probes, or why not</th>
          </tr>
        </thead>
        <tbody>
          {there.flatMap((verdict) =>
            coverage
              .filter((option) => option.verdict === verdict)
              .map((option) => (
                <tr class={slug(verdict)}>
                  <th scope="row">
                    <Name text={option.option} />
                    {option.files.map((file) => (
                      <div class="quiet">
                        <Name text={file} />
                      </div>
                    ))}
                  </th>
                  <td>{coverageWord(verdict, image.kind)}</td>
                  <td>
                    <Because option={option} proofs={proofs} kind={image.kind} />
                  </td>
                </tr>
              )),
          )}
        </tbody>
      </table>
    </Section>
  );
}
