import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { emittedTree } from '../../src/cli/emission.ts';
import { openHomelab } from '../../src/cli/homelab.ts';
import { bootproof, repository } from '../cli/command.ts';
import { nixEnvironment, nixFolder, runNix, standInInputs, standIns } from '../nix-fixture/nix.ts';
import { checkScripts } from './python.ts';
import { emittedFrom, type Files, moduleText, oneHost, textOf, written } from './support.ts';

/** The script of a host's NixOS test, as a real Nix makes it of an emitted flake. */
async function scriptOf(folder: string, host: string): Promise<string> {
  const attribute = `path:${folder}#checks.x86_64-linux.${host}-test.config.testScriptString`;
  const { stdout, stderr } = await runNix(['eval', '--raw', ...standInInputs(), attribute]);
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

describe('the service of the examples', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await written(await emittedTree(await openHomelab({ config: join(repository, 'examples') })));
  }, 60_000);

  it('has its options and its part in the flake, as a service of bootproof has', async () => {
    const script = await scriptOf(folder, 'svc03');
    expect(script).toContain('with subtest("a key that is set in memcached comes back"):');
    expect(script).toContain('    cache_address = "127.0.0.1"\n    cache_port = 11211\n');
    const checked = await checkScripts(join(nixFolder(), 'tmp/own-python'), [
      { name: 'svc03', hostName: 'svc03', text: script },
    ]);
    expect(checked).toEqual({ mypy: '', pyflakes: '' });
    expect(await scriptOf(folder, 'svc02')).not.toContain('memcached');
  }, 60_000);

  it('agrees with Nix on every option, down to the defaults', async () => {
    const examples = join(nixFolder(), 'tmp/examples');
    await cp(join(repository, 'examples'), examples, { recursive: true });
    await writeFile(
      join(examples, 'flake.ts'),
      `import { defineFlake } from 'bootproof';
       export default defineFlake({
         inputs: { nixpkgs: { url: 'path:${standIns}/nixpkgs' }, disko: { url: 'path:${standIns}/disko', follows: { nixpkgs: 'nixpkgs' } } },
       });`,
    );
    const config = ['--config', examples];
    expect(await bootproof(['emit', ...config])).toMatchObject({ status: 0 });
    await runNix(['flake', 'lock', `path:${join(examples, 'nix')}`]);
    expect(await bootproof(['emit', '--check', ...config])).toMatchObject({ status: 0 });
    const { stdout } = await bootproof(['eval', 'svc03', '--json', ...config], { env: nixEnvironment() });
    const { comparisons } = JSON.parse(stdout) as {
      comparisons: readonly { readonly path: string; readonly verdict: string }[];
    };
    const own = comparisons.filter(({ path }) => path.startsWith('services.memcached.'));
    expect(own).toHaveLength(7);
    expect(own.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
  }, 60_000);
});

const greeter = `
import { defineService, option, text, textFile, types } from 'bootproof';
const greeter = defineService({
  name: 'greeter',
  description: 'A greeting.',
  options: {
    services: {
      greeter: {
        words: option({ type: types.str, default: 'hello', description: 'What it says.', verdict: 'provable' }),
      },
    },
  },
  realise: ({ services: { greeter } }) => ({ files: [textFile('/etc/greeting', [greeter.words])] }),
  nixosTest: ({ services: { greeter } }) => ({
    steps: [{ title: 'it greets', lines: [text\`machine.succeed("grep '\${greeter.words}' /etc/greeting")\`] }],
  }),
});
export default greeter;
declare module 'bootproof' { interface HomelabServices { greeter: typeof greeter } }
`;

const greeterNix = `{ config, lib, ... }: {
  options.services.greeter.words = lib.mkOption { type = lib.types.str; default = "hello"; };
  config.environment.etc."greeting".text = config.services.greeter.words;
}
`;

const withGreeter: Files = oneHost({
  'services/greeter.ts': greeter,
  'services/greeter.nix': greeterNix,
  'hosts/a/hardware.ts': moduleText("{ imports: [nixFile('../../services/greeter.nix')] }"),
  'hosts/a/configuration.ts': moduleText(
    "{ imports: [hardware], system: { stateVersion: '25.11' }, services: { greeter: { words: 'good day' } } }",
    { hardware: './hardware.ts' },
  ),
});

describe('a service whose options NixOS does not have', () => {
  it('brings them to the flake as a Nix module beside it', async () => {
    const tree = await emittedFrom(withGreeter);
    expect(textOf(tree, 'services/greeter.nix')).toBe(greeterNix);
    const folder = await written(tree);
    expect(await scriptOf(folder, 'a')).toContain('machine.succeed("grep \'good day\' /etc/greeting")');
    const { stdout } = await runNix([
      ...[
        'eval',
        '--json',
        ...standInInputs(),
        `path:${folder}#nixosConfigurations.a.config.environment.etc`,
      ],
      ...['--apply', 'etc: etc.greeting.text'],
    ]);
    expect(JSON.parse(stdout)).toBe('good day');
  }, 60_000);
});
