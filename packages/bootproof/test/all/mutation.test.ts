import { describe, expect, test } from 'vitest';
import { hostNames } from '../../src/host/discover.ts';
import { bootproof, homelabWith, repository } from '../cli/command.ts';

/** What `mutate --json` prints, as far as it is looked at here. */
interface Run {
  readonly host: string;
  readonly score: { readonly mutants: number; readonly percent: number };
  readonly mutations: readonly { readonly id: string; readonly verdict: string; readonly detail: string }[];
  readonly untried: readonly string[];
}

describe.each(['config', 'examples'] as const)('every host of %s', (homelabName) => {
  test.each(hostNames(`${repository}/${homelabName}`))('%s: each fault is caught', async (name) => {
    await using homelab = await homelabWith({}, homelabName);
    const args = ['mutate', name, '--on', 'stand-in', '--json'];
    const { status, stdout, stderr } = await bootproof(args, { cwd: homelab.folder });
    expect(stdout, stderr).not.toBe('');
    const run: Run = JSON.parse(stdout);
    const lost = run.mutations.filter(({ verdict }) => verdict !== 'caught');
    expect(lost.map(({ id, verdict, detail }) => `${id} ${verdict}: ${detail}`)).toEqual([]);
    // Nobody but its author knows which fault a test by hand is there to catch.
    expect(run.untried.filter((id) => !id.startsWith('tests/'))).toEqual([]);
    expect(run).toMatchObject({ host: name, score: { percent: 100 } });
    expect(run.score.mutants).toBeGreaterThanOrEqual(25);
    expect(status).toBe(0);
  });
});
