/** The hosts of the examples, and what a service makes of the one that uses it most. */
import { join } from 'node:path';
import { optionsOf } from './options.js';
import { load, repository } from './package.js';

const { hostNames } = await load('host/discover.js');
const { openHomelab, planHosts } = await load('cli/homelab.js');
const { evaluateHosts } = await load('cli/emission.js');
const { guestOf } = await load('plan/make-test.js');
const { knownValues } = await load('plan/known-values.js');

const open = await openHomelab({ config: join(repository, 'examples') });
const names = hostNames(open.homelab);
const evaluated = await evaluateHosts(open, names);
const planned = await planHosts(names, open);

const hosts = evaluated.map(({ name, configuration }, index) => {
  const { test } = planned[index];
  const values = knownValues(open.catalogue.surface, configuration.value);
  return {
    name,
    configuration,
    declared: configuration.declared(),
    values,
    guest: guestOf(values, test.hardware.vm, test.image.disk),
  };
});

/** The host that declares most options of a service, with what it declares and what follows from it. */
export function exampleOf(service) {
  const paths = new Set(optionsOf(service).keys());
  const uses = hosts.map((host) => ({
    host,
    declared: host.declared.filter(({ pattern }) => paths.has(pattern)),
  }));
  const most = uses.reduce((best, each) => (each.declared.length > best.declared.length ? each : best));
  if (most.declared.length === 0) {
    throw new Error(`no host of the examples uses ${service.name}; declare something of it on one`);
  }
  const { host, declared } = most;
  const places = declared.flatMap(({ definitions }) =>
    definitions.filter(({ wins }) => wins).map((definition) => host.configuration.place(definition)),
  );
  return {
    host,
    declaration: nested(declared),
    files: [...new Set(places.map((place) => place.replace(/:\d+$/, '')))].sort(),
    realisation: service.realise?.(host.values, host.guest) ?? {},
    probes: service.probes?.(host.values, host.guest) ?? [],
  };
}

/** Values by their paths as one object. */
function nested(declared) {
  const root = {};
  for (const { segments, value } of declared) {
    let here = root;
    for (const name of segments.slice(0, -1)) {
      here[name] ??= {};
      here = here[name];
    }
    here[segments.at(-1)] = value;
  }
  return root;
}
