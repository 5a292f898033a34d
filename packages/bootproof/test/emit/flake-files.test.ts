import { describe, expect, it } from 'vitest';
import { unlockedInputs } from '../../src/emit/flake-lock.ts';
import { defineFlake } from '../../src/index.ts';
import { emittedFrom, moduleText, oneHost, textOf } from './support.ts';

describe('flake.nix', () => {
  it('has the inputs of flake.ts after nixpkgs and disko, and its description', async () => {
    const tree = await emittedFrom(
      oneHost({
        'flake.ts': `
          import { defineFlake } from 'bootproof';
          export default defineFlake({
            description: 'The "lab" of \${home}',
            inputs: {
              'sops-nix': { url: 'github:Mic92/sops-nix', follows: { nixpkgs: 'nixpkgs' } },
              secrets: { url: 'git+ssh://git@example.org/secrets', flake: false },
            },
          });
        `,
        'hosts/a/hardware.ts': moduleText(
          "({ inputs }) => ({ imports: [inputs['sops-nix'].nixosModules.sops] })",
        ),
      }),
    );
    const text = textOf(tree, 'flake.nix');

    expect(text).toContain(`
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    disko = {
      url = "github:nix-community/disko/latest";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    secrets = {
      url = "git+ssh://git@example.org/secrets";
      flake = false;
    };
  };
`);
    expect(text).toContain(`description = ''The "lab" of ''\${home}'';`);
    expect(textOf(tree, 'hosts/a/hardware.nix')).toContain(
      '{ inputs, ... }:\n{\n  imports = [ inputs.sops-nix.nixosModules.sops ];\n}\n',
    );
  });

  it('may take nixpkgs from elsewhere, and then does not pin it', async () => {
    const tree = await emittedFrom(
      oneHost({
        'flake.ts': `
          import { defineFlake } from 'bootproof';
          export default defineFlake({ inputs: { nixpkgs: { url: 'github:NixOS/nixpkgs/nixos-unstable' } } });
        `,
      }),
    );

    expect(textOf(tree, 'flake.nix')).toContain('nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";');
    expect(Object.keys(JSON.parse(textOf(tree, 'flake.lock')).nodes)).toEqual(['disko', 'root']);
  });

  it('is the same whatever hosts there are', async () => {
    expect(textOf(await emittedFrom({}), 'flake.nix')).toBe(
      textOf(await emittedFrom(oneHost()), 'flake.nix'),
    );
  });
});

describe('flake.lock', () => {
  it('pins nixpkgs and disko alone, to the commits that are verified', async () => {
    const { 'flake.ts': flake } = {
      'flake.ts':
        "import { defineFlake } from 'bootproof';\nexport default defineFlake({ inputs: { x: { url: 'github:a/b' } } });\n",
    };
    const plain = textOf(await emittedFrom(oneHost()), 'flake.lock');

    expect(textOf(await emittedFrom(oneHost({ 'flake.ts': flake })), 'flake.lock')).toBe(plain);
    expect(JSON.parse(plain)).toEqual({
      nodes: {
        disko: {
          inputs: { nixpkgs: ['nixpkgs'] },
          locked: {
            lastModified: 1768920986,
            narHash: 'sha256-CNzzBsRhq7gg4BMBuTDObiWDH/rFYHEuDRVOwCcwXw4=',
            owner: 'nix-community',
            repo: 'disko',
            rev: 'de5708739256238fb912c62f03988815db89ec9a',
            type: 'github',
          },
          original: { owner: 'nix-community', ref: 'latest', repo: 'disko', type: 'github' },
        },
        nixpkgs: {
          locked: {
            lastModified: 1778430510,
            narHash: 'sha256-Ti+ZBvW6yrWWAg2szExVTwCd4qOJ3KlVr1tFHfyfi8Q=',
            owner: 'NixOS',
            repo: 'nixpkgs',
            rev: '8fd9daa3db09ced9700431c5b7ad0e8ba199b575',
            type: 'github',
          },
          original: { owner: 'NixOS', ref: 'nixos-25.11', repo: 'nixpkgs', type: 'github' },
        },
        root: { inputs: { disko: 'disko', nixpkgs: 'nixpkgs' } },
      },
      root: 'root',
      version: 7,
    });
  });

  it('is in the form that Nix gives it: names sorted, two spaces, a newline at the end', async () => {
    const text = textOf(await emittedFrom(oneHost()), 'flake.lock');
    const sorted = (_name: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value;

    expect(text).toBe(`${JSON.stringify(JSON.parse(text), sorted, 2)}\n`);
  });

  it('says which inputs it lacks', async () => {
    const lock = textOf(await emittedFrom(oneHost()), 'flake.lock');
    const more = defineFlake({ inputs: { x: { url: 'github:a/b' }, y: { url: 'path:./y', flake: false } } });

    expect(unlockedInputs(defineFlake({}), lock)).toEqual([]);
    expect(unlockedInputs(more, lock)).toEqual(['x', 'y']);
    expect(unlockedInputs(defineFlake({}), '<<<<<<< HEAD\n')).toEqual(['nixpkgs', 'disko']);
    expect(unlockedInputs(defineFlake({}), '{}')).toEqual(['nixpkgs', 'disko']);
  });
});
