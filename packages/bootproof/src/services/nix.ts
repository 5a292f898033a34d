import { and, equals, nix, not, text } from '../nix/expression.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import type { Probe } from '../probes/probe.ts';
import { debianPackage } from './nix/debian-packages.ts';
import { defineService, nixosOnly } from './service.ts';

const source = 'nixos/modules/config/nix.nix';
const noNix = nixosOnly('the stand-in has no Nix');

const atom = types.nullOr(
  types.oneOf([types.bool, types.int, types.float, types.str, types.path, types.package]),
);

/** Nix itself, which a Debian base cannot have, and packages, of which it has those whose names at Debian are known. */
export const nixAndPackages = defineService({
  name: 'nix',
  description: "Nix's own settings and the packages of the system.",
  options: {
    nix: {
      enable: option({
        type: types.bool,
        default: true,
        description: 'Whether Nix is there.',
        source,
        verdict: noNix,
      }),
      settings: option({
        type: types.submodule(
          {
            'experimental-features': option({
              type: types.listOf(types.str),
              default: [],
              example: ['nix-command', 'flakes'],
              description: 'Features of Nix that are not on by themselves.',
              source,
              verdict: noNix,
            }),
            'trusted-users': option({
              type: types.listOf(types.str),
              default: ['root'],
              description: 'Users who may do anything to the store.',
              source,
              verdict: noNix,
            }),
            'auto-optimise-store': option({
              type: types.bool,
              default: false,
              description: 'Whether equal files of the store are kept once.',
              source,
              verdict: noNix,
            }),
          },
          { freeformType: types.attrsOf(types.either(atom, types.listOf(atom))) },
        ),
        default: {},
        example: { 'experimental-features': ['nix-command', 'flakes'] },
        description: 'Settings of nix.conf(5), by its own names.',
        source,
        verdict: noNix,
      }),
      gc: {
        automatic: option({
          type: types.bool,
          default: false,
          description: 'Whether garbage is collected on a timer.',
          source: 'nixos/modules/services/misc/nix-gc.nix',
          verdict: noNix,
        }),
        options: option({
          type: types.singleLineStr,
          default: '',
          example: '--delete-older-than 30d',
          description: 'Options of nix-collect-garbage.',
          source: 'nixos/modules/services/misc/nix-gc.nix',
          verdict: noNix,
        }),
      },
    },
    environment: {
      systemPackages: option({
        type: types.listOf(types.package),
        default: [],
        description: 'Packages for all users.',
        source: 'nixos/modules/config/system-path.nix',
        verdict: nixosOnly('for one of the packages it is not known here what Debian calls it'),
      }),
    },
  },

  realise: ({ environment: { systemPackages } }) => ({
    packages: systemPackages.flatMap((each) => debianPackage(each)?.debian.name ?? []),
  }),

  probes({ environment: { systemPackages } }) {
    const known = systemPackages.flatMap((each) => debianPackage(each) ?? []);
    // Those that are known say nothing of the others.
    const proves = known.length === systemPackages.length ? ['environment.systemPackages'] : [];
    return known.map(({ attribute, debian }) => packageProbe(attribute, debian.ask, proves));
  },

  nixosTest: ({ nix: { enable, settings } }) => {
    // A list or one text of several words: NixOS takes both.
    const features = nix`${settings}.experimental-features or [ ]`;
    return {
      steps: [
        {
          title: 'Nix has its experimental features',
          when: and(enable, not(equals(features, []))),
          lines: [
            text`declared_features = set(${nix`builtins.toJSON (toString ${features})`}.split())`,
            'nix_features = set(machine.succeed("grep ^experimental-features /etc/nix/nix.conf").split())',
            'assert declared_features <= nix_features, f"Nix has only {nix_features}"',
          ],
        },
      ],
    };
  },
});

/** Where all users find programs, on both kinds of image. */
const path = 'PATH="$PATH:/usr/sbin:/run/current-system/sw/bin"';

/** A program of the package starts, and tells its version. */
function packageProbe(attribute: string, ask: string, proves: readonly string[]): Probe {
  const program = ask.split(' ')[0] ?? ask;
  return commandOutput.probe({
    id: `packages/${attribute}`,
    params: { command: `${path} ${ask} >/dev/null && echo there`, output: 'there' },
    title: `${program} can be run`,
    proves,
    after: ['boot/multi-user'],
    faults: [
      {
        id: `package-absent/${attribute}`,
        title: `${program} is not there`,
        // What is in Nix's store cannot be taken away, and is covered.
        commands: [
          `program=$(command -v ${program})`,
          'rm "$program" 2>/dev/null || mount --bind /dev/null "$(readlink -f "$program")"',
        ],
        seen: '^exit status 12[67]: .*([Nn]ot found|[Pp]ermission denied)',
      },
    ],
  });
}
