import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BootproofError, type DeclarationError } from '../../src/base/errors.ts';
import { findHost } from '../../src/host/discover.ts';
import { createLoader, type Expected, importChain, type Loader, loadHost } from '../../src/host/load.ts';
import { evaluate } from '../../src/modules/evaluate.ts';
import { instrument } from '../../src/modules/instrument.ts';
import { isModule, lib, type Module } from '../../src/modules/module.ts';
import { commentOf } from '../../src/modules/positions.ts';
import { nix } from '../../src/nix/expression.ts';
import { defineModule, surface } from '../modules/surface.ts';

let homelab: string;
let cache: string;

beforeEach(() => {
  homelab = realpathSync(mkdtempSync(join(tmpdir(), 'bootproof-load-')));
  cache = join(homelab, 'cache');
});

afterEach(() => rmSync(homelab, { recursive: true, force: true }));

const module: Expected<Module> = { name: 'a module', maker: 'defineModule({ … })', is: isModule };
const anything: Expected<unknown> = { name: 'anything', maker: '…', is: (_value): _value is unknown => true };

function write(name: string, text: string): string {
  const file = join(homelab, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function loader(given: Readonly<Record<string, unknown>> = {}): Loader {
  return createLoader({
    homelab,
    given: { bootproof: { defineModule, nix, ...lib, ...given } },
    instrument,
    cache,
  });
}

const load = (name: string): Promise<unknown> => loader().load(join(homelab, name), anything);

async function faultOf(file: string): Promise<DeclarationError> {
  const loaded = await loader().load(join(homelab, file), module);
  try {
    evaluate({ options: surface, modules: [loaded], root: homelab, importChains: importChain });
  } catch (error) {
    return error as DeclarationError;
  }
  throw new Error('no fault');
}

describe('a loaded module', () => {
  it('knows the line of every definition, wrapped and nested ones too', async () => {
    write(
      'helper.ts',
      `import type { Nothing } from './nowhere.ts';

export const ssh = (port: number) => ({
  enable: true,

  ports: [port],
});
`,
    );
    write(
      'a.ts',
      `import { defineModule, mkForce, mkIf } from 'bootproof';
import { ssh } from './helper.ts';

interface Settings {
  readonly name: string;
}

const settings: Settings = { name: 'a' };

export default defineModule(({ config }) => ({
  networking: {
    hostName:
      settings.name,
    'hostId': mkForce('92bbb1e6'),
  },
  services: mkIf(config.networking.firewall.enable, {
    openssh: ssh(22),
  }),
  users: {
    users: {
      alice: {
        isNormalUser: true,
      },
    },
  },
}));
`,
    );
    const loaded = await loader().load(join(homelab, 'a.ts'), module);
    const configuration = evaluate({ options: surface, modules: [loaded], root: homelab });
    const lines = Object.fromEntries(
      configuration
        .declared()
        .map(({ path, definitions }) => [path, definitions.map((d) => configuration.place(d))]),
    );
    expect(lines).toEqual({
      'networking.hostName': ['a.ts:12'],
      'networking.hostId': ['a.ts:14'],
      'services.openssh.enable': ['helper.ts:4'],
      'services.openssh.ports': ['helper.ts:6'],
      'users.users.alice.isNormalUser': ['a.ts:22'],
    });
  });

  it('keeps lines when it comes from the cache', async () => {
    const file = write(
      'a.ts',
      "import { defineModule } from 'bootproof';\n\nexport default defineModule({\n  networking: {\n    hostName: 'a',\n  },\n});\n",
    );
    for (const turn of ['cold', 'warm']) {
      const loaded = await loader().load(file, module);
      const [definition] = evaluate({ options: surface, modules: [loaded] }).definitions(
        'networking.hostName',
      );
      expect([turn, definition?.line, loaded.line, loaded.file]).toEqual([turn, 5, 3, file]);
    }
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('knows the comment above each definition, and no other', async () => {
    write(
      'host.ts',
      `export default {
  // What the host is.
  // In two lines.
  networking: {
    hostName: 'a', // beside it
    /** Of RFC 1123. */
    domain: 'lan',
    /*
     * Eight digits,
     *   no more.
     */
    'hostId': '92bbb1e6',
    // biome-ignore lint/suspicious/noExplicitAny: for the linter
    useDHCP: true,
  },
};
`,
    );
    const host = (await load('host.ts')) as { readonly networking: object };
    expect(commentOf(host, 'networking')).toBe('What the host is.\nIn two lines.');
    const names = ['hostName', 'domain', 'hostId', 'useDHCP'];
    expect(names.map((name) => commentOf(host.networking, name))).toEqual([
      undefined,
      'Of RFC 1123.',
      'Eight digits,\n  no more.',
      undefined,
    ]);
  });

  it('is one module however many files import it', async () => {
    write(
      'hosts/a/configuration.ts',
      "import { defineModule } from 'bootproof';\nimport role from '../../role.ts';\nexport default defineModule({ imports: [role] });\n",
    );
    write(
      'hosts/a/default.ts',
      "import { defineModule } from 'bootproof';\nimport configuration from './configuration.ts';\nimport role from '../../role.ts';\nexport default defineModule({ imports: [configuration, role] });\n",
    );
    write('hosts/a/vm.ts', 'export default { cores: 2 };\n');
    write(
      'role.ts',
      "import { defineModule } from 'bootproof';\nexport default defineModule({ boot: { kernelParams: ['quiet'] } });\n",
    );
    const loaded = await loadHost(loader(), findHost(homelab, 'a'), {
      configuration: module,
      vm: anything,
      test: anything,
    });
    expect(loaded.vm).toEqual({ cores: 2 });
    expect(loaded.test).toBeUndefined();
    const configuration = evaluate({ options: surface, modules: [loaded.module] });
    expect(configuration.get('boot.kernelParams')).toEqual(['quiet']);
    expect(configuration.modules).toHaveLength(3);
    expect(configuration.modules[1]?.module).toBe(loaded.configuration);
  });

  it('knows its place in a folder with an odd name, behind a link', async () => {
    write(
      'my (home) lab/a.ts',
      "import { defineModule } from 'bootproof';\n\nexport default defineModule({});\n",
    );
    const folder = join(homelab, 'my (home) lab');
    const link = join(homelab, 'link');
    symlinkSync(folder, link);
    const linked = createLoader({ homelab: link, given: { bootproof: { defineModule } }, instrument, cache });
    const loaded = await linked.load(join(link, 'a.ts'), module);
    expect([loaded.file, loaded.line]).toEqual([join(folder, 'a.ts'), 3]);
    write('my (home) lab/b.ts', 'export default (null as never as { x: () => 1 }).x();\n');
    await expect(linked.load(join(link, 'b.ts'), anything)).rejects.toThrow(/^b\.ts:1\n {2}TypeError/);
  });

  it('is read anew by a new loader, and loaded side by side without mixing', async () => {
    const file = write('a.ts', 'export default 1;\n');
    expect(await load('a.ts')).toBe(1);
    writeFileSync(file, 'export default 2;\n');
    expect(await load('a.ts')).toBe(2);

    write('shared.ts', 'await Promise.resolve();\nexport default { of: 1 };\n');
    write('left.ts', "import shared from './shared.ts';\nexport default shared;\n");
    write('right.ts', "import shared from './shared.ts';\nexport default shared;\n");
    const one = loader();
    const [left, right] = await Promise.all([
      one.load(join(homelab, 'left.ts'), anything),
      one.load(join(homelab, 'right.ts'), anything),
    ]);
    expect(left).toEqual({ of: 1 });
    expect(left).toBe(right);
  });

  it('loads when the cache cannot be written', async () => {
    write('a.ts', 'export default 1;\n');
    writeFileSync(cache, 'a file where the folder should be');
    expect(await load('a.ts')).toBe(1);
    rmSync(cache);
    await load('a.ts');
    const [kept = ''] = readdirSync(cache);
    rmSync(join(cache, kept));
    // Writing through this link fails, as it does when the cache's folder is removed meanwhile.
    symlinkSync(join(cache, 'gone', 'away'), join(cache, kept));
    expect(await load('a.ts')).toBe(1);
  });

  it('is not mixed with output kept by another version', async () => {
    write('a.ts', "export default (1 as number) === 1 ? 'yes' : 'no';\n");
    expect(await load('a.ts')).toBe('yes');
    const [kept] = readdirSync(cache);
    expect(readFileSync(join(cache, kept ?? ''), 'utf8')).toContain('.condition(');
  });
});

describe('a reference used as a value', () => {
  const uses: readonly (readonly [code: string, use: RegExp])[] = [
    ['config.services.openssh.enable ? 1 : 2', /condition of a \? :/],
    ['config.services.openssh.enable && 1', /as a condition by &&/],
    ['config.services.openssh.enable || 1', /as a condition by \|\|/],
    ['config.services.openssh.enable ?? 1', /as a condition by \?\?/],
    ['!config.services.openssh.enable', /negated by !/],
    ['Boolean(config.services.openssh.enable)', /made a boolean/],
    ['config.services.openssh.enable === true', /compared by ===/],
    ['true !== config.services.openssh.enable', /compared by !==/],
    ['config.services.openssh.enable == true', /compared by ==|made part of/],
    ['config.services.openssh.enable + 1', /made part of/],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the code under test
    ['`${config.services.openssh.enable}`', /made part of/],
    ["'a' + config.services.openssh.enable", /made part of/],
    ['config.services.openssh.enable > 1', /made part of/],
    ['JSON.stringify(config.services.openssh.enable)', /made JSON/],
    ['[...config.services.openssh.enable]', /spread or looped/],
    ['({ ...config.services.openssh.enable })', /spread or listed/],
    ['config.services.openssh.enable.map(String)', /called like a function/],
    ["'x' in config.services.openssh.enable", /searched with "in"/],
    ['(() => { if (config.services.openssh.enable) return 1; })()', /condition of an if/],
    ['(() => { while (config.services.openssh.enable) return 1; })()', /condition of a while/],
    ['(() => { for (; config.services.openssh.enable; ) return 1; })()', /condition of a for/],
    ['(() => { switch (config.services.openssh.enable) { default: return 1; } })()', /switched on/],
    ['lib.not(config.services.openssh.enable) ? 1 : 2', /condition of a \? :/],
  ];

  it.each(uses)('is refused: %s', async (code, use) => {
    write(
      'a.ts',
      `import { defineModule } from 'bootproof';\nexport default defineModule(({ config, lib }: any) => {\n  void lib;\n  const value = ${code};\n  return { networking: { hostName: value } };\n});\n`,
    );
    const { faults } = await faultOf('a.ts');
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ files: ['a.ts:4'], reason: expect.stringMatching(use) });
    expect(faults[0]?.reason).toContain('config.services.openssh.enable');
    expect(faults[0]?.remedy).toContain('mkIf(');
    expect(faults[0]?.remedy).toContain('nix`');
  });

  it('may be tested for presence when it is a package', async () => {
    write(
      'a.ts',
      "import { defineModule } from 'bootproof';\nexport default defineModule(({ pkgs }: any) => ({ environment: { systemPackages: pkgs.htop ? [pkgs.htop] : [] } }));\n",
    );
    const loaded = await loader().load(join(homelab, 'a.ts'), module);
    expect(evaluate({ options: surface, modules: [loaded] }).get('environment.systemPackages')).toHaveLength(
      1,
    );
  });
});

describe('a file that is run', () => {
  it('does what it does, once, whatever it exports', async () => {
    write('a.ts', "import { note } from 'bootproof';\nnote('ran');\n");
    const notes: string[] = [];
    const own = loader({ note: (word: string) => notes.push(word) });
    await own.run(join(homelab, 'a.ts'));
    await own.run(join(homelab, 'a.ts'));
    expect(notes).toEqual(['ran']);
  });

  it('is told as any other when it throws', async () => {
    write('a.ts', "\nthrow new Error('no luck');\n");
    await expect(loader().run(join(homelab, 'a.ts'))).rejects.toThrow(/^a\.ts:2\n {2}Error: no luck/);
  });
});

describe('a file that does not load', () => {
  const messageOf = async (name: string): Promise<BootproofError> => {
    const error = await load(name).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BootproofError);
    return error as BootproofError;
  };

  it('shows the place of a syntax error, in an imported file too', async () => {
    write(
      'bad.ts',
      "import { defineModule } from 'bootproof';\n\nexport default defineModule({\n  networking: { hostName: 'a' }\n  system: {},\n});\n",
    );
    write('a.ts', "import bad from './bad.ts';\nexport default bad;\n");
    const error = await messageOf('a.ts');
    expect(error.kind).toBe('declaration');
    expect(error.message).toBe(
      [
        'bad.ts:5:3',
        '  This is no valid TypeScript: Unexpected token, expected ","',
        '',
        '    3 | export default defineModule({',
        "    4 |   networking: { hostName: 'a' }",
        '  > 5 |   system: {},',
        '      |   ^',
        '    6 | });',
      ].join('\n'),
    );
  });

  it('names a missing file or package, and the line that imports it', async () => {
    write(
      'a.ts',
      "import { defineModule } from 'bootproof';\nimport disko from './disk.ts';\nexport default defineModule({ imports: [disko] });\n",
    );
    expect((await messageOf('a.ts')).message).toBe("a.ts:2\n  It imports './disk.ts', which does not exist.");
    write('b.ts', "import thing from 'no-such-package';\nexport default thing;\n");
    const error = await messageOf('b.ts');
    expect(error.message).toBe("b.ts:1\n  It imports 'no-such-package', which does not exist.");
    expect(error.hint).toContain('npm install no-such-package');
  });

  it('names an import that does not exist, and the nearest real one', async () => {
    write('a.ts', "import { defineModul } from 'bootproof';\n\nexport default defineModul({});\n");
    const error = await messageOf('a.ts');
    expect(error.message).toContain('a.ts:3\n  defineModul was imported');
    expect(error.hint).toBe('Did you mean defineModule?');
  });

  it('says how to name a Nix file', async () => {
    write('legacy.nix', '{ }\n');
    write('a.ts', "import legacy from './legacy.nix';\nexport default legacy;\n");
    const error = await messageOf('a.ts');
    expect(error.message).toContain('imports legacy.nix, which is no TypeScript');
    expect(error.hint).toContain("nixFile('./legacy.nix')");
  });

  it('shows where an error was thrown', async () => {
    write('thrower.ts', "export function fail(): never {\n  throw new RangeError('too far');\n}\n");
    write('a.ts', "import { fail } from './thrower.ts';\nfail();\nexport default 1;\n");
    const { message } = await messageOf('a.ts');
    expect(message).toContain('thrower.ts:2\n  RangeError: too far');
    expect(message).toContain("> 2 |   throw new RangeError('too far');");
  });

  it('says where an error for the user was thrown, and keeps its kind and hint', async () => {
    const refuse = (): never => {
      throw new BootproofError('virtio0 is no size.', { kind: 'missing', hint: 'Write 32G.' });
    };
    write('a.ts', "import { refuse } from 'bootproof';\n\nexport default refuse();\n");
    await expect(loader({ refuse }).load(join(homelab, 'a.ts'), anything)).rejects.toMatchObject({
      kind: 'missing',
      message: 'a.ts:3\n  virtio0 is no size.',
      hint: 'Write 32G.',
    });
  });

  it.each([
    ['export default { networking: {} };', 'exports an object by default'],
    ['export const configuration = 1;', 'has no default export'],
    ['export default () => ({});', 'exports a function by default'],
    ['', 'has no default export'],
  ])('is refused when it exports something else: %s', async (text, reason) => {
    const file = write('a.ts', `${text}\n`);
    await expect(loader().load(file, module)).rejects.toMatchObject({
      kind: 'declaration',
      message: `a.ts\n  It ${reason}, where a module is wanted.`,
      hint: 'Write: export default defineModule({ … })',
    });
  });

  it('loads once the fault is mended, by the same loader', async () => {
    const file = write('a.ts', 'export default = 1;\n');
    const one = loader();
    await expect(one.load(file, anything)).rejects.toThrow(/no valid TypeScript/);
    writeFileSync(file, 'export default 1;\n');
    expect(await one.load(file, anything)).toBe(1);
  });
});

describe('an import cycle', () => {
  it('is named by its chain of files', async () => {
    write(
      'a.ts',
      "import { defineModule } from 'bootproof';\nimport b from './b.ts';\nexport default defineModule({ imports: [b] });\n",
    );
    write(
      'b.ts',
      "import { defineModule } from 'bootproof';\nimport c from './roles/c.ts';\nexport default defineModule({ imports: [c] });\n",
    );
    write(
      'roles/c.ts',
      "import { defineModule } from 'bootproof';\nimport a from '../a.ts';\nexport default defineModule({ imports: [a] });\n",
    );
    const { faults } = await faultOf('a.ts');
    expect(faults).toHaveLength(1);
    expect(faults[0]?.reason).toBe(
      'These files import each other in a circle: roles/c.ts → a.ts → b.ts → roles/c.ts.',
    );
    expect(faults[0]?.files).toEqual(['roles/c.ts', 'a.ts', 'b.ts']);
  });

  it('is named when the modules are functions, which see each other whole', async () => {
    write(
      'a.ts',
      "import { defineModule } from 'bootproof';\nimport b from './b.ts';\nexport default defineModule(() => ({ imports: [b] }));\n",
    );
    write(
      'b.ts',
      "import { defineModule } from 'bootproof';\nimport a from './a.ts';\nexport default defineModule(() => ({ imports: [a] }));\n",
    );
    const { faults } = await faultOf('a.ts');
    expect(faults.map(({ reason }) => reason)).toEqual([
      'These modules import each other in a circle: a.ts → b.ts → a.ts.',
    ]);
  });

  it('is not claimed where a name is only misspelt', async () => {
    write(
      'a.ts',
      "import { defineModule } from 'bootproof';\nimport { rol } from './b.ts';\nexport default defineModule({ imports: [rol] });\n",
    );
    write('b.ts', 'export const role = 1;\n');
    const { faults } = await faultOf('a.ts');
    expect(faults[0]?.reason).toContain('exports nothing of that name');
  });
});
