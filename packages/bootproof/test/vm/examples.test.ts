import { expect, test } from 'vitest';
import { hostNames } from '../../src/host/discover.ts';
import { coverageScore } from '../../src/plan/coverage.ts';
import { parseResult } from '../../src/reports/json.ts';
import { bootproof, homelabWith, repository } from '../cli/command.ts';
import { problems } from './support.ts';

/** Found by listing the folder: a host that is added there is booted here. One boot proves all that it declares. */
const names = hostNames(`${repository}/examples`);

test.each(names)('%s of the examples is proven, and all of it that can be', async (name) => {
  await using homelab = await homelabWith({}, 'examples');
  const args = ['check', name, '--on', 'stand-in', '--json'];
  const { status, stdout, stderr } = await bootproof(args, { cwd: homelab.folder });
  expect(stdout, stderr).not.toBe('');
  const result = await parseResult(stdout);
  expect(problems(result)).toBe('');
  expect(result).toMatchObject({ host: name, verdict: 'proven' });
  expect(coverageScore(result.coverage)).toBe(100);
  expect(status, stderr).toBe(0);
});
