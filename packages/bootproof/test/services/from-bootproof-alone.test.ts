import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateHosts } from '../../src/cli/emission.ts';
import { openHomelab } from '../../src/cli/homelab.ts';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { createLoader } from '../../src/host/load.ts';
import * as bootproof from '../../src/index.ts';
import { instrument } from '../../src/modules/instrument.ts';
import { services } from '../../src/services/catalogue.ts';
import { catalogueOf } from '../../src/services/own-services.ts';
import { isService, type Service } from '../../src/services/service.ts';
import { repository } from '../cli/command.ts';
import { guest } from './support.ts';

/** Services of bootproof that stand in one file each, by its name. */
const files = ['boot', 'etc', 'fail2ban', 'node-exporter', 'timesyncd'];

/** The file of a service as a homelab would write it: all that it uses comes from 'bootproof'. */
function rewritten(source: string): string {
  const names: string[] = ['probes'];
  const kinds: string[] = [];
  const body = source.replaceAll(
    /^import (type )?\{([^}]*)\} from '([^']+)';\n/gm,
    (_all, type: string | undefined, list: string, from: string) => {
      const imported = list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
      if (from.includes('/probes/kinds/')) kinds.push(...imported);
      else names.push(...imported.map((name) => (type === undefined ? name : `type ${name}`)));
      return '';
    },
  );
  const own = /^export const (\w+) = defineService\(/m.exec(source)?.[1];
  if (own === undefined) throw new Error('it defines no service');
  return `import { ${names.join(', ')} } from 'bootproof';
const { ${kinds.join(', ')} } = probes;
${body}
export default ${own};
declare module 'bootproof' { interface HomelabServices { ${own}: typeof ${own} } }
`;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  for (const name of ['package.json', 'tsconfig.base.json']) {
    await cp(join(repository, name), join(folder, name));
  }
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'config/services'), { recursive: true });
  await cp(join(repository, 'config/tsconfig.json'), join(folder, 'config/tsconfig.json'));
  for (const name of files) {
    const source = await readFile(join(repository, `packages/bootproof/src/services/${name}.ts`), 'utf8');
    await writeFile(join(folder, `config/services/${name}.ts`), rewritten(source));
  }
  const page = await readFile(join(repository, 'docs/writing-services.md'), 'utf8');
  const documented = /```ts\n(import \{ defineService[\s\S]*?)```/.exec(page)?.[1] ?? '';
  await writeFile(join(folder, 'config/services/documented.ts'), documented);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const load = (name: string): Promise<Service> =>
  createLoader({ homelab: join(folder, 'config'), given: { bootproof }, instrument, cache: false }).load(
    join(folder, `config/services/${name}.ts`),
    { name: 'a service', maker: 'defineService({ … })', is: isService },
  );

it('the service of docs/writing-services.md can be had', async () => {
  const file = join(folder, 'config/services/documented.ts');
  const { services: known } = catalogueOf([{ service: await load('documented'), file }], folder);
  const values = { services: { memcached: { enable: true } } } as never;
  expect(known.at(-1)?.probes?.(values, guest)).toMatchObject([{ id: 'memcached/unit' }]);
  expect(known.at(-1)?.realise?.(values, guest).packages).toEqual(['memcached']);
});

describe("bootproof's own services, and the documented one, written in a homelab", () => {
  it('have the types that they have here', async () => {
    const { stdout } = await execa(
      'node_modules/.bin/tsc',
      ['-p', 'config', '--noEmit', '--pretty', 'false'],
      {
        cwd: folder,
        reject: false,
      },
    );
    expect(stdout).toBe('');
  }, 60_000);

  it('say the same of the hosts of the examples', async () => {
    const open = await openHomelab({ config: join(repository, 'examples') });
    const hosts = await evaluateHosts(open, ['svc02', 'unit01', 'usr01']);
    for (const name of files) {
      const own = await load(name);
      const known = services.find((service) => service.name === own.name) as Service;
      expect(makeTestFile([own]), name).toBe(makeTestFile([known]));
      for (const { configuration } of hosts) {
        const values = configuration.value as never;
        expect(own.realise?.(values, guest), name).toEqual(known.realise?.(values, guest));
        expect(own.probes?.(values, guest), name).toEqual(known.probes?.(values, guest));
      }
    }
  }, 60_000);
});
