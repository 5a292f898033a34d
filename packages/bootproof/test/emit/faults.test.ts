import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emittedTree } from '../../src/cli/emission.ts';
import { openHomelab } from '../../src/cli/homelab.ts';
import { homelabWith } from '../cli/command.ts';
import { emittedFrom, faultsOf, moduleText, oneHost, textOf } from './support.ts';

const hardware = (body: string): Record<string, string> => ({ 'hosts/a/hardware.ts': moduleText(body) });
const hardwareFile = expect.stringMatching(/^config\/hosts\/a\/hardware\.ts/);

describe('what cannot be emitted', () => {
  it('a file that is not there', async () => {
    expect(await faultsOf(oneHost(hardware("{ imports: [nixFile('./legacy.nix')] }")))).toEqual([
      {
        files: [hardwareFile],
        value: 'config/hosts/a/legacy.nix',
        reason: 'There is no such file.',
        remedy: 'A path is looked up from the TypeScript file that names it.',
      },
    ]);
  });

  it('a file outside the homelab', async () => {
    expect(
      await faultsOf(oneHost(hardware("{ services: { openssh: { banner: path('../../../../motd') } } }"))),
    ).toEqual([
      expect.objectContaining({
        files: [hardwareFile],
        value: '../../../../motd',
        reason: 'The file is outside the homelab, whose folder alone is emitted.',
        remedy: expect.stringMatching(/^Move it below \/.*\/config\.$/),
      }),
    ]);
  });

  it('an input that the flake does not have: the remedy is a line of flake.ts', async () => {
    const faults = await faultsOf(
      oneHost(hardware("({ inputs }) => ({ imports: [inputs['sops-nix'].nixosModules.sops] })")),
    );

    expect(faults).toEqual([
      {
        files: [hardwareFile],
        value: 'inputs.sops-nix',
        reason: 'The flake has no input sops-nix; it has nixpkgs, disko.',
        remedy:
          "Add it in flake.ts, beside hosts/: export default defineFlake({ inputs: { 'sops-nix': { url: '…' } } }).",
      },
    ]);
  });

  it('a file that is no text, whose bytes would not come out as they went in', async () => {
    await using homelab = await homelabWith(
      oneHost(hardware("{ services: { openssh: { banner: path('./logo') } } }")),
    );
    await writeFile(join(homelab.folder, 'config/hosts/a/logo'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff));
    const emitting = emittedTree(await openHomelab({ config: join(homelab.folder, 'config') }));

    await expect(emitting).rejects.toMatchObject({
      faults: [{ files: ['config/hosts/a/logo'], reason: expect.stringContaining('not text in UTF-8') }],
    });
  });

  it('but not the flake itself, which every flake has among its inputs', async () => {
    const body = '({ inputs }) => ({ freeform: { system: { configurationRevision: inputs.self.rev } } })';
    const tree = await emittedFrom(oneHost(hardware(body)));

    expect(textOf(tree, 'hosts/a/hardware.nix')).toContain('system.configurationRevision = inputs.self.rev;');
  });

  it('two files for one path', async () => {
    const faults = await faultsOf(
      oneHost({
        'hosts/a/hardware.ts': moduleText("{ imports: [legacy, nixFile('./legacy.nix')] }", {
          legacy: './legacy.ts',
        }),
        'hosts/a/legacy.ts': moduleText('{}'),
        'hosts/a/legacy.nix': '{ }\n',
      }),
    );

    expect(faults).toEqual([
      {
        files: [expect.stringMatching(/^config\/hosts\/a\/legacy\.ts/), 'config/hosts/a/legacy.nix'],
        value: 'hosts/a/legacy.nix',
        reason: 'Both would be emitted to this path.',
        remedy: 'Rename one of them.',
      },
    ]);
  });

  it('a host whose default.ts does not import its configuration.ts', async () => {
    const faults = await faultsOf(
      oneHost({ 'hosts/a/default.ts': moduleText("{ system: { stateVersion: '25.11' } }") }),
    );

    expect(faults).toEqual([
      {
        files: ['config/hosts/a/default.ts', 'config/hosts/a/configuration.ts'],
        reason: 'The host does not import its configuration.ts, of which its NixOS test is made.',
        remedy: 'List it in the imports of default.ts.',
      },
    ]);
  });

  it('a flake.ts that holds no flake', async () => {
    await expect(faultsOf(oneHost({ 'flake.ts': 'export default { inputs: {} };\n' }))).rejects.toMatchObject(
      {
        message: expect.stringContaining('flake.ts'),
        hint: expect.stringContaining('defineFlake'),
      },
    );
  });

  it('all of it is said at once', async () => {
    const faults = await faultsOf(
      oneHost(
        hardware(`({ inputs }) => ({
          imports: [inputs.agenix.nixosModules.default, nixFile('./no.nix')],
          services: { openssh: { banner: path('/../../../../../../motd'.slice(1)) } },
        })`),
      ),
    );

    expect(faults.map(({ value }) => value).sort()).toEqual([
      '../../../../../../motd',
      'config/hosts/a/no.nix',
      'inputs.agenix',
    ]);
  });

  it('faults of several hosts are told together, and those of a role once', async () => {
    const vm = "import { defineVm } from 'bootproof';\nexport default defineVm({});\n";
    const host = (name: string) => ({
      [`hosts/${name}/configuration.ts`]: moduleText(
        `{ imports: [role], networking: { hostName: '-${name}' } }`,
        { role: '../../roles/role.ts' },
      ),
      [`hosts/${name}/default.ts`]: moduleText('{ imports: [configuration] }', {
        configuration: './configuration.ts',
      }),
      [`hosts/${name}/vm.ts`]: vm,
    });
    const faults = await faultsOf({
      'hosts/hl02': null,
      roles: null,
      ...host('b'),
      ...host('c'),
      'roles/role.ts': moduleText("{ networking: { hostId: 'no' }, system: { stateVersion: '25.11' } }"),
    });

    expect(faults.map(({ option, value }) => `${option} ${value}`).sort()).toEqual([
      'networking.hostId "no"',
      'networking.hostName "-b"',
      'networking.hostName "-c"',
    ]);
  });
});
