import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { hostNames } from '../../src/host/discover.ts';
import { coverageScore } from '../../src/plan/coverage.ts';
import { repository } from '../cli/command.ts';

/** A host that is added to either homelab is held to the same. `make test` boots them. */
describe.each(['config', 'examples'])('the hosts of %s', async (homelab) => {
  const config = join(repository, homelab);
  const planned = await planHosts(hostNames(config), await openHomelab({ config }));

  it('are there', () => {
    expect(planned.length).toBeGreaterThan(0);
  });

  it.each(planned)('$host.name proves everything that it declares and a stand-in can have', (each) => {
    const { hostName, coverage } = each.test;
    expect(hostName).toBe(each.host.name);
    const unproven = coverage.filter(({ verdict }) => verdict === 'unproven');
    expect(unproven.map(({ option }) => option)).toEqual([]);
    expect(coverageScore(coverage)).toBe(100);
  });
});
