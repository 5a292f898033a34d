import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { repository } from '../cli/command.ts';

test("a homelab's own service has its probes tried as those of bootproof are", async () => {
  const [host] = await planHosts(['svc03'], await openHomelab({ config: join(repository, 'examples') }));
  if (host === undefined) throw new Error('no plan');
  const { mutations, untried } = deriveMutations(host.test);
  expect(untried.filter(({ id }) => id.startsWith('memcached/'))).toEqual([]);
  const caught = mutations.flatMap(({ id, expects }) =>
    id.startsWith('memcached-') ? [[id, ...expects.map(({ probe }) => probe.id)]] : [],
  );
  expect(caught).toEqual([
    ['memcached-other-user', 'memcached/user'],
    ['memcached-other-port', 'memcached/key'],
    ['memcached-other-limits', 'memcached/settings'],
    ['memcached-no-more-options', 'memcached/arguments'],
  ]);
});
