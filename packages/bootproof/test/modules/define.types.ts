import { evaluate } from '../../src/modules/evaluate.ts';
import { nix, text } from '../../src/nix/expression.ts';
import { option } from '../../src/options/option.ts';
import { mkAfter, mkDefault, mkForce, mkIf, mkMerge } from '../../src/options/property.ts';
import { types } from '../../src/options/types.ts';
import { defineModule, surface } from './surface.ts';

/** What the compiler must accept and refuse. Compiled, never run. */

export const accepted = [
  defineModule({}),
  defineModule({ description: 'A host.', imports: [], networking: { hostName: 'a' } }),
  defineModule({ networking: { hostName: mkDefault('a'), hostId: null } }),
  defineModule({ networking: { hostName: nix`builtins.getEnv "HOST"` } }),
  defineModule({ networking: mkIf(true, { hostName: mkForce('a') }) }),
  defineModule({ boot: { kernelParams: mkAfter(['quiet', mkIf(false, 'debug')]) } }),
  defineModule({ users: { users: { alice: { uid: 1000 }, bob: mkIf(true, { isNormalUser: true }) } } }),
  defineModule({ services: { openssh: { settings: { PermitRootLogin: 'no', MaxAuthTries: 3 } } } }),
  defineModule({ services: { openssh: { ports: mkMerge([[22], mkIf(true, [2222])]) } } }),
  defineModule(({ config, pkgs, lib, inputs, modulesPath }) => ({
    imports: [inputs.disko.nixosModules.disko, modulesPath.file('profiles/qemu-guest.nix')],
    networking: { hostName: config.networking.fqdn, fqdn: text`${config.networking.hostName}.lan` },
    services: mkIf(config.networking.firewall.enable, { openssh: { enable: true } }),
    environment: { systemPackages: [pkgs.htop, pkgs.python3Packages.requests] },
    users: { users: { bob: { shell: pkgs.git, home: lib.getAttr('alice', config.users.users).home } } },
    freeform: { services: { tlp: { enable: lib.mkDefault(true) } } },
  })),
  defineModule(({ config }) => mkIf(config.services.openssh.enable, { networking: { hostName: 'a' } })),
];

export const refused = [
  // @ts-expect-error no such option
  defineModule({ networking: { hostNme: 'a' } }),
  // @ts-expect-error no such set of options
  defineModule({ network: { hostName: 'a' } }),
  // @ts-expect-error wrong type
  defineModule({ networking: { hostName: 5 } }),
  // @ts-expect-error undefined is no value
  defineModule({ networking: { hostName: undefined } }),
  // @ts-expect-error no such option, from a function
  defineModule(() => ({ networking: { hostNme: 'a' } })),
  // @ts-expect-error no such set, from a function
  defineModule(() => ({ network: {} })),
  // @ts-expect-error wrong type, from a function
  defineModule(() => ({ networking: { hostName: 5 } })),
  // @ts-expect-error no such option inside mkIf
  defineModule({ networking: mkIf(true, { hostName: 'a', hostNme: 'a' }) }),
  // @ts-expect-error wrong type inside mkIf inside mkMerge
  defineModule({ networking: mkMerge([mkIf(true, { hostName: 5 })]) }),
  // @ts-expect-error wrong type inside mkForce
  defineModule({ networking: { hostName: mkForce(5) } }),
  // @ts-expect-error wrong type in a list
  defineModule({ boot: { kernelParams: ['a', 5] } }),
  // @ts-expect-error not one of the values
  defineModule({ services: { openssh: { settings: { PermitRootLogin: 'never' } } } }),
  // @ts-expect-error no such option of a submodule
  defineModule({ users: { users: { alice: { shel: null } } } }),
  // @ts-expect-error a reference of another type
  defineModule(({ config }) => ({ networking: { hostName: config.services.openssh.enable } })),
  // @ts-expect-error no such option to refer to
  defineModule(({ config }) => ({ networking: { hostName: config.networking.hostNme } })),
  // @ts-expect-error a known package is no text
  defineModule(({ pkgs }) => ({ networking: { hostName: pkgs.htop } })),
  // @ts-expect-error a reference is no value to calculate with
  defineModule(({ config }) => ({ services: { openssh: { ports: [config.services.openssh.ports + 1] } } })),
  // @ts-expect-error imports are modules
  defineModule({ imports: ['./file.ts'] }),
];

// @ts-expect-error an option without a word on the stand-in
option({ type: types.bool, default: false, description: 'A switch.' });
// @ts-expect-error a default of another type
option({ type: types.bool, default: 'no', description: 'A switch.', verdict: 'provable' });
// @ts-expect-error a computed default of another type
option({ type: types.bool, default: () => 'no', description: 'A switch.', verdict: 'provable' });

export function reading(): void {
  const configuration = evaluate({ options: surface, modules: [] });
  const ports: readonly number[] = configuration.get('services.openssh.ports');
  const rootLogin: 'yes' | 'no' | 'prohibit-password' | null =
    configuration.value.services.openssh.settings.PermitRootLogin;
  const home: string | undefined = configuration.value.users.users['alice']?.home;
  // @ts-expect-error no such option
  configuration.get('services.openssh.port');
  // @ts-expect-error another type
  const name: number = configuration.get('networking.hostName');
  void [ports, rootLogin, home, name];
}
