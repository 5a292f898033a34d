import { createDefineModule, type Module } from '../../src/modules/module.ts';
import type { OptionsOf } from '../../src/options/option.ts';
import { option } from '../../src/options/option.ts';
import { types } from '../../src/options/types.ts';
import type { Surface } from '../../src/services/catalogue.ts';
import { defineService } from '../../src/services/service.ts';

/** What the compiler must accept and refuse where a homelab has services of its own. Compiled, never run. */

const kept = { description: 'D.', verdict: 'provable' } as const;

const cache = defineService({
  name: 'cache',
  description: 'A cache.',
  options: { services: { cache: { port: option({ type: types.port, default: 1, ...kept }) } } },
  nixosTest: ({ services }) => ({
    steps: [{ title: 'x', when: services.cache.port === undefined, lines: [] }],
  }),
});

const backup = defineService({
  name: 'backup',
  description: 'A backup.',
  options: {
    services: {
      backup: {
        jobs: option({
          type: types.attrsOf(
            types.submodule({ paths: option({ type: types.listOf(types.str), default: [], ...kept }) }),
          ),
          default: {},
          ...kept,
        }),
      },
    },
    // Beside what bootproof has in the same set.
    networking: { label: option({ type: types.nullOr(types.str), default: null, ...kept }) },
  },
  realise: ({ services: { backup: own }, networking }) => ({
    packages: [...Object.keys(own.jobs), ...(networking.label === null ? [] : [networking.label.trim()])],
  }),
  nixosTest: () => ({ notTested: 'x' }),
});

interface Several {
  readonly cache: typeof cache;
  readonly backup: typeof backup;
}

const defineModule = createDefineModule<Surface & OptionsOf<Several>>();

export const accepted: readonly Module[] = [
  defineModule({
    services: {
      cache: { port: 80 },
      backup: { jobs: { home: { paths: ['/home'] } } },
      openssh: { enable: true },
    },
    networking: { label: 'x', hostName: 'a' },
  }),
  defineModule(({ config, lib }) => ({
    services: { cache: lib.mkIf(config.services.openssh.enable, { port: config.services.cache.port }) },
  })),
];

export const refused = [
  // @ts-expect-error a port is a number
  defineModule({ services: { cache: { port: '80' } } }),
  // @ts-expect-error no such option of an own service
  defineModule({ services: { backup: { job: {} } } }),
  // @ts-expect-error no such option in its submodule
  defineModule({ services: { backup: { jobs: { home: { path: ['/home'] } } } } }),
  // @ts-expect-error what bootproof's own services declare is as exact as before
  defineModule({ services: { openssh: { enable: 'yes' } } }),
  // @ts-expect-error no such service
  defineModule({ services: { cash: { port: 80 } } }),
  // @ts-expect-error a reference to an option of another type
  defineModule(({ config }) => ({ services: { cache: { port: config.networking.label } } })),
];

type Same<Left, Right> =
  (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;

/** A homelab without services of its own asks nothing more of the compiler. */
export const nothing: Same<OptionsOf<Record<never, never>>, unknown> = true;

export const refusedServices = [
  defineService({
    name: 'a',
    description: 'A.',
    options: {
      // @ts-expect-error an option has a verdict
      a: option({ type: types.bool, default: false, description: 'A.' }),
    },
    nixosTest: () => ({ notTested: 'x' }),
  }),
  // @ts-expect-error a service has a part in the NixOS test, or says why not
  defineService({ name: 'b', description: 'B.', options: { b: option({ type: types.bool, ...kept }) } }),
];
