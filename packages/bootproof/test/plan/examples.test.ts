import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openHomelab, type PlannedHost, planHosts } from '../../src/cli/homelab.ts';
import { hostNames } from '../../src/host/discover.ts';
import { coverageScore } from '../../src/plan/coverage.ts';
import { repository } from '../cli/command.ts';

const examples = join(repository, 'examples');
const names = hostNames(examples);
let planned: readonly PlannedHost[];
beforeAll(async () => {
  planned = await planHosts(names, await openHomelab({ config: examples }));
});

/** `make examples` boots them. */
describe('the hosts of the examples', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s proves everything that it declares and a stand-in can have', (name) => {
    const test = planned.find(({ host }) => host.name === name)?.test;
    expect(test?.hostName).toBe(name);
    const unproven = test?.coverage
      .filter(({ verdict }) => verdict === 'unproven')
      .map(({ option }) => option);
    expect(unproven).toEqual([]);
    expect(coverageScore(test?.coverage ?? [])).toBe(100);
  });
});
