import { nix, text } from '../nix/expression.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { unit } from '../probes/kinds/unit.ts';
import { eachString } from './nixos-test.ts';
import { defineService, notRealised, textFile, wantedBy } from './service.ts';
import { configurationFile, unboundUnit } from './unbound/faults.ts';
import { answerProbes, type ServerSettings, serverSettings, unboundLines } from './unbound/settings.ts';

const source = 'nixos/modules/services/networking/unbound.nix';

const atom = types.oneOf([types.int, types.str, types.bool, types.float]);
const clause = types.submodule({}, { freeformType: types.attrsOf(types.either(atom, types.listOf(atom))) });
const section = types.either(types.str, clause);

const options = {
  services: {
    unbound: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run Unbound, a DNS resolver.',
        source,
        verdict: 'provable',
      }),
      enableRootTrustAnchor: option({
        type: types.bool,
        default: true,
        description: 'Whether DNSSEC is checked from the root on.',
        source,
        verdict: 'provable',
      }),
      resolveLocalQueries: option({
        type: types.bool,
        default: true,
        description: 'Whether the machine itself asks Unbound for names.',
        source,
        verdict: notRealised('the stand-in leaves /etc/resolv.conf alone'),
      }),
      settings: option({
        type: types.submodule(
          {},
          { freeformType: types.attrsOf(types.either(section, types.listOf(section))) },
        ),
        default: {},
        example: { server: { interface: ['127.0.0.1'], 'local-data': ['"nas.lan. IN A 192.168.1.2"'] } },
        description:
          'Clauses of unbound.conf(5), by their own names: `server`, `forward-zone` and so on. A list of clauses stands for several of one name. Texts are written as they are, with the quotes that Unbound wants.',
        source,
        verdict: 'provable',
      }),
    },
  },
};

type Unbound = ResolvedOf<typeof options>['services']['unbound'];

const serverOf = ({ settings, enableRootTrustAnchor }: Unbound): ServerSettings =>
  serverSettings(settings['server'] as unknown as Partial<ServerSettings> | undefined, enableRootTrustAnchor);

/** Unbound: it answers, and knows the names that it was given. */
export const unbound = defineService({
  name: 'unbound',
  description: 'Unbound, a DNS resolver.',
  options,

  realise({ services: { unbound: declared } }) {
    if (!declared.enable) return {};
    const { server: _, ...others } = declared.settings;
    return {
      // The root's key comes with dns-root-data; Debian's unit copies it to where Unbound may renew it.
      packages: ['unbound', ...(declared.enableRootTrustAnchor ? ['dns-root-data'] : [])],
      files: [
        textFile(configurationFile, unboundLines({ server: serverOf(declared), ...others } as never)),
        wantedBy('multi-user.target', unboundUnit),
      ],
    };
  },

  probes({ services: { unbound: declared } }) {
    if (!declared.enable) return [];
    const server = (declared.settings['server'] ?? {}) as unknown as Partial<ServerSettings>;
    return [
      unit.probe({
        id: 'unbound/unit',
        params: { unit: unboundUnit },
        proves: ['services.unbound.enable'],
      }),
      ...answerProbes(serverOf(declared), server, declared.enableRootTrustAnchor),
    ];
  },

  nixosTest: ({ services: { unbound: declared } }) => ({
    steps: [
      {
        title: 'Unbound runs, with the configuration that was declared',
        when: declared.enable,
        lines: [
          `machine.wait_for_unit("${unboundUnit}")`,
          'machine.wait_for_open_port(53)',
          eachString(
            'interface',
            nix`let given = ${declared.settings}.server.interface; in if lib.isList given then given else [ given ]`,
            (each) =>
              text`assert ${each} in machine.succeed("unbound-checkconf -o interface ${configurationFile}").split()`,
          ),
        ],
      },
    ],
  }),
});
