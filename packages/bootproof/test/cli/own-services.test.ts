import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeclarationError, type Fault } from '../../src/base/errors.ts';
import { emittedTree } from '../../src/cli/emission.ts';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import type { Test } from '../../src/plan/test.ts';
import { defaultWith } from '../plan/support.ts';
import { bootproof, homelabWith } from './command.ts';

type Files = Readonly<Record<string, string>>;

/** A service with one option, `services.<name>.words`, and members in place of its own. */
const serviceText = (name: string, members = '', option = 'words'): string => `
import { defineService, option, probes, textFile, types, wantedBy } from 'bootproof';
export default defineService({
  name: '${name}',
  description: 'A service of a test.',
  options: {
    services: {
      ${name}: {
        ${option}: option({ type: types.str, default: 'hello', description: 'What it says.', verdict: 'provable' }),
      },
    },
  },
  nixosTest: () => ({ notTested: 'it is of a test' }),
  ${members}
});
`;

const greeting = `realise: ({ services }) => ({ files: [textFile('/etc/greeting', [services.greeter.words])] }),
  probes: ({ services }) => [
    probes.fileText.probe({
      id: 'greeter/words',
      params: { path: '/etc/greeting', text: services.greeter.words + '\\n' },
      proves: ['services.greeter.words'],
    }),
  ],`;

/** hl02's plan in a homelab with these files besides. */
async function planned(files: Files): Promise<Test> {
  await using homelab = await homelabWith(files);
  const open = await openHomelab({ config: join(homelab.folder, 'config') });
  const [host] = await planHosts(['hl02'], open);
  if (host === undefined) throw new Error('no plan');
  return host.test;
}

async function faultsOf(files: Files, act: (files: Files) => Promise<unknown> = planned) {
  const error = await act(files).catch((thrown: unknown) => thrown);
  if (error instanceof DeclarationError) return error.faults;
  throw error instanceof Error ? error : new Error(`no fault, but ${JSON.stringify(error)}`);
}

async function emitted(files: Files): Promise<string[]> {
  await using homelab = await homelabWith(files);
  return [...(await emittedTree(await openHomelab({ config: join(homelab.folder, 'config') }))).keys()];
}

const says = (files: readonly string[], option: string, reason: string): Partial<Fault> =>
  expect.objectContaining({ files, option, reason: expect.stringContaining(reason) });

describe('a service of the homelab', () => {
  it('is realised, proven and counted, also where a test.ts makes the plan', async () => {
    const test = await planned({
      'services/greeter.ts': serviceText('greeter', greeting),
      'hosts/hl02/default.ts': defaultWith("{ services: { greeter: { words: 'good day' } } }"),
    });
    expect(test.image.files).toContainEqual({
      type: 'file',
      path: '/etc/greeting',
      mode: 0o644,
      text: 'good day\n',
    });
    expect(test.probes.find(({ id }) => id === 'greeter/words')?.params).toMatchObject({
      text: 'good day\n',
    });
    expect(test.coverage.find(({ option }) => option === 'services.greeter.words')).toMatchObject({
      verdict: 'proven',
      probes: ['greeter/words'],
      files: ['config/hosts/hl02/default.ts:5'],
    });
  });

  it('is found by its file, several beside each other, and what they share is told by its name', async () => {
    const test = await planned({
      'services/greeter.ts': `import { words } from './_words.ts';\n${serviceText('greeter', `probes: () => words('greeter'),`)}`,
      'services/other.ts': `import { words } from './parts/words.ts';\n${serviceText('other', `probes: () => words('other'),`)}`,
      'services/_words.ts': "export * from './parts/words.ts';\n",
      'services/parts/words.ts': `
        import { probes } from 'bootproof';
        export const words = (name: string) => [
          probes.unit.probe({ id: name + '/unit', params: { unit: name + '.service' }, proves: ['services.' + name] }),
        ];`,
    });
    expect(test.probes.map(({ id }) => id).slice(-2)).toEqual(['greeter/unit', 'other/unit']);
  });

  it('leaves the emitted flake without a word when there is none', async () => {
    expect(await emitted({})).toEqual(await emitted({ 'services/README.md': 'None yet.\n' }));
  });

  it('has its options known by their names: a wrong one is told with the nearest', async () => {
    const files = { 'services/greeter.ts': serviceText('greeter') };
    const wrong = (definitions: string) =>
      faultsOf({ ...files, 'hosts/hl02/default.ts': defaultWith(definitions) });
    expect(await wrong('{ services: { greter: { words: "a" } } }')).toMatchObject([
      { option: 'services.greter', remedy: expect.stringContaining('services.greeter') },
    ]);
    expect(await wrong('{ services: { nginz: { enable: true } } }')).toMatchObject([
      { option: 'services.nginz', remedy: expect.stringContaining('services.nginx') },
    ]);
    expect(await wrong('{ services: { greeter: { words: 1 } } }')).toMatchObject([
      { option: 'services.greeter.words', value: '1' },
    ]);
  });
});

describe('a file that holds no service', () => {
  it('is told, all of them at once, with exit status 2', async () => {
    await using homelab = await homelabWith({
      'services/a.ts': 'export const a = 1;\n',
      'services/b.ts': "import { defineModule } from 'bootproof';\nexport default defineModule({});\n",
      'services/c.ts': 'export default {\n',
      'services/d.ts': 'throw new Error("not today");\n',
    });
    const { status, stderr } = await bootproof(['plan', 'hl02'], { cwd: homelab.folder });
    expect(status).toBe(2);
    expect(stderr).toContain('config/services/a.ts\n  It has no default export, where a service is wanted.');
    expect(stderr).toContain('Write: export default defineService({ … })');
    expect(stderr).toContain('config/services/b.ts\n  It exports an object by default, where a service');
    expect(stderr).toMatch(/config\/services\/c\.ts:2:1\n {2}This is no valid TypeScript/);
    expect(stderr).toContain('config/services/d.ts:1\n  Error: not today');
  });
});

describe('what a definition lacks', () => {
  it('is told of every service at once', async () => {
    const faults = await faultsOf({
      'services/a.ts': `import { defineService } from 'bootproof';
        export default defineService({ options: { services: { a: { enable: { type: 'boolean', description: 'x' }, more: 'text' } } } } as never);`,
      'services/b.ts': `import { defineService, option, types } from 'bootproof';
        const bare = option({ type: types.bool } as never);
        export default defineService({ name: 'lib', description: 'B.', options: { services: { b: bare, c: option({} as never) } }, nixosTest: () => ({ notTested: 'x' }) } as never);`,
      'services/c.ts': `import { defineService } from 'bootproof';
        export default defineService({ name: '2 words', description: 'C.', options: {}, nixosTest: () => ({ notTested: 'x' }) });`,
    });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => [`config/services/${name}.ts`]) as [
      string[],
      string[],
      string[],
    ];
    expect(faults).toEqual([
      says(a, 'name', 'has no name'),
      says(a, 'description', 'not described'),
      says(a, 'nixosTest', 'no part in the NixOS test'),
      says(a, 'services.a.enable', 'no option'),
      says(a, 'services.a.more', 'no option'),
      says(b, 'name', 'make-test.nix of the flake uses that name'),
      says(b, 'services.b', 'no description'),
      says(b, 'services.b', 'no verdict'),
      says(b, 'services.c', 'no type'),
      says(b, 'services.c', 'no description'),
      says(b, 'services.c', 'no verdict'),
      says(c, 'name', 'cannot be one'),
      says(c, 'options', 'declares no option'),
    ]);
    for (const { remedy } of faults) expect(remedy).toMatch(/^[A-Z].*\w/);
  });
});

describe('services in the way of each other', () => {
  it('are told with both files: names and options that are taken', async () => {
    const faults = await faultsOf({
      'services/a.ts': serviceText('redis', '', 'servers'),
      'services/b.ts': serviceText('greeter'),
      'services/c.ts': serviceText('greeter'),
    });
    expect(faults).toEqual([
      says(['config/services/a.ts'], 'name', "bootproof's own service redis"),
      says(['config/services/a.ts'], 'services.redis.servers', "bootproof's own service redis has it too"),
      says(['config/services/b.ts', 'config/services/c.ts'], 'name', 'the service greeter'),
      says(['config/services/b.ts', 'config/services/c.ts'], 'services.greeter.words', 'declared twice'),
    ]);
  });

  it('may add an option where another service has its own', async () => {
    const test = await planned({
      'services/a.ts': serviceText('redis', '', 'colour').replace("name: 'redis'", "name: 'redis-colour'"),
      'hosts/hl02/default.ts': defaultWith("{ services: { redis: { colour: 'red' } } }"),
    });
    expect(test.coverage.find(({ option }) => option === 'services.redis.colour')?.verdict).toBe('unproven');
  });

  it('are told when they want different files at one path', async () => {
    const faults = await faultsOf({
      'services/a.ts': serviceText('a', "realise: () => ({ files: [textFile('/etc/hostname', ['x'])] }),"),
      'services/b.ts': serviceText('b', "realise: () => ({ files: [textFile('/etc/b', ['b'])] }),"),
      'services/c.ts': serviceText('c', "realise: () => ({ files: [textFile('/etc/b', ['c'])] }),"),
      'services/d.ts': serviceText('d', "realise: () => ({ files: [textFile('/etc/d', ['d'])] }),"),
    });
    expect(faults).toEqual([
      says(['config/services/a.ts'], 'realise', 'than networking'),
      says(['config/services/b.ts', 'config/services/c.ts'], 'realise', 'The service c wants something else'),
    ]);
  });
});

describe('a service that throws', () => {
  it('is named with its line, in every part at once', async () => {
    const faults = await faultsOf({
      'services/a.ts': serviceText(
        'a',
        "realise() {\n    throw new Error('no image');\n  },\n  probes: ({ nothing }) => nothing.at.all,",
      ),
      'services/b.ts': serviceText('b', "probes: () => 'none',"),
      'services/c.ts': serviceText('c', 'realise: () => undefined ?? 3,'),
    });
    expect(faults).toEqual([
      says(['config/services/a.ts:15'], 'realise', 'The service a threw here: Error: no image'),
      says(['config/services/a.ts:17'], 'probes', 'The service a threw here: TypeError: Cannot read'),
      says(['config/services/b.ts'], 'probes', 'something else than a list of probes'),
      says(['config/services/c.ts'], 'realise', 'something else than an object of packages and files'),
    ]);
  });

  it('is named by emit, with what it did wrong with a reference', async () => {
    const condition = `nixosTest: ({ services }) => ({
    steps: services.a.words === 'hello' ? [] : [{ title: 'x', lines: [] }],
  }),`;
    const faults = await faultsOf(
      {
        'services/a.ts': serviceText('a', condition),
        'services/b.ts': serviceText('b', 'nixosTest: () => [],'),
      },
      emitted,
    );
    expect(faults).toEqual([
      says(['config/services/a.ts:15'], 'nixosTest', 'The service a threw here: config.services.a.words'),
      says(
        ['config/services/b.ts'],
        'nixosTest',
        "something else than { steps: [ … ] } or { notTested: '…' }",
      ),
    ]);
    expect(faults[0]?.remedy).toMatch(/equals/);
  });
});

describe('probes of a service', () => {
  const unit = (id: string, more: string) =>
    `probes.unit.probe({ id: '${id}', params: { unit: 'a.service' }, ${more} }),`;

  it('have ids of their own, come after what is there, and prove options that exist', async () => {
    const a = "proves: ['services.a.words']";
    const faults = await faultsOf({
      'services/a.ts': serviceText('a', `probes: () => [${unit('openssh/unit', a)} ${unit('a/unit', a)}],`),
      'services/b.ts': serviceText(
        'b',
        `probes: () => [
          ${unit('a/unit', a)} ${unit('b/after', `${a}, after: ['a/none']`)}
          ${unit('b/typo', "proves: ['services.b.wrods', 'networking.hostName', 'users.users.alice.shell']")}
          ${unit('b/deep', "proves: ['users.users.alice.shel', 'services.openssh.settings.Anything', 'networking.hostName.x']")}
        ],`,
      ),
    });
    expect(faults).toEqual([
      says(['config/services/a.ts'], 'probes', 'Another probe of this host has the same id'),
      says(['config/services/a.ts', 'config/services/b.ts'], 'probes', 'the same id'),
      says(['config/services/b.ts'], 'probes', 'comes after it, but no probe'),
      says(['config/services/b.ts'], 'probes', 'b/typo proves it, but there is no such option'),
      says(['config/services/b.ts'], 'probes', 'b/deep proves it'),
      says(['config/services/b.ts'], 'probes', 'b/deep proves it'),
    ]);
    expect(faults[3]?.remedy).toContain('services.b.words');
    expect(faults.slice(3).map(({ value }) => value)).toEqual([
      '"services.b.wrods"',
      '"users.users.alice.shel"',
      '"networking.hostName.x"',
    ]);
  });

  it("of the host's own are held to the same", async () => {
    const own = (proves: string) => ({
      'services/a.ts': serviceText('a'),
      'hosts/hl02/test.ts': `import { makeTest, probes } from 'bootproof';
        import configuration from './default.ts';
        import vm from './vm.ts';
        export default makeTest({ host: { configuration, vm }, extraProbes: [${unit('own/a', `proves: ['${proves}']`)}] });`,
    });
    expect((await planned(own('services.a.words'))).probes.at(-1)?.id).toBe('own/a');
    expect(await faultsOf(own('services.a.word'))).toEqual([
      says(['config/hosts/hl02/test.ts'], 'extraProbes', 'there is no such option'),
    ]);
  });
});
