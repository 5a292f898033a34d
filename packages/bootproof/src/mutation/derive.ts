import type { Test } from '../plan/test.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import type { Deriver } from './deriver.ts';
import { accountDerivers } from './derivers/accounts.ts';
import { addressDerivers } from './derivers/addresses.ts';
import { agentDerivers } from './derivers/agent.ts';
import { bootDerivers } from './derivers/boot.ts';
import { commandDerivers } from './derivers/commands.ts';
import { diskDerivers } from './derivers/disk.ts';
import { fileSystemDerivers } from './derivers/file-systems.ts';
import { fileDerivers } from './derivers/files.ts';
import { firewallDerivers } from './derivers/firewall.ts';
import { hardwareDerivers } from './derivers/hardware.ts';
import { jailDerivers } from './derivers/jails.ts';
import { metricDerivers } from './derivers/metrics.ts';
import { networkDerivers } from './derivers/network.ts';
import { sshDerivers } from './derivers/ssh.ts';
import { systemDerivers } from './derivers/system.ts';
import { unitDerivers } from './derivers/units.ts';
import type { Mutation, Sketch } from './mutation.ts';
import { running } from './shell.ts';

const derivers: ReadonlyMap<string, Deriver> = new Map(
  [
    ...unitDerivers,
    ...agentDerivers,
    ...systemDerivers,
    ...accountDerivers,
    ...fileDerivers,
    ...addressDerivers,
    ...sshDerivers,
    ...networkDerivers,
    ...commandDerivers,
    ...firewallDerivers,
    ...diskDerivers,
    ...fileSystemDerivers,
    ...bootDerivers,
    ...hardwareDerivers,
    ...metricDerivers,
    ...jailDerivers,
  ].map((deriver) => [deriver.kind, deriver]),
);

/** What follows from a plan: its mutations, and the probes that no mutation tries. */
export interface Derived {
  readonly mutations: readonly Mutation[];
  /** Probes of which it is not known whether they can fail: no mutation breaks what they look at. */
  readonly untried: readonly Probe[];
}

/**
 * The faults that a plan's probes are there to catch. They follow from the probes' kinds and parameters, and some probes
 * bring their own; a fault that several probes are about is one mutation, and all of them have to fail.
 */
export function deriveMutations(test: Test): Derived {
  const mutations = new Map<string, Mutation>();
  const untried: Probe[] = [];
  for (const probe of test.probes) {
    const sketches = [
      ...(derivers.get(probe.kind)?.derive(probe, test) ?? []),
      ...(probe.faults ?? []).map(sketchOf),
    ];
    if (sketches.length === 0) untried.push(probe);
    for (const { says, remedy, ...sketch } of sketches) {
      const known = mutations.get(sketch.id);
      const expects = [...(known?.expects ?? []), { probe, says }];
      const own = known?.remedy ?? remedy;
      mutations.set(sketch.id, {
        ...sketch,
        ...known,
        expects,
        ...(own === undefined ? {} : { remedy: own }),
      });
    }
  }
  return { mutations: [...mutations.values()], untried };
}

const sketchOf = ({ id, title, commands, seen, via }: ProbeFault): Sketch => ({
  id,
  title,
  fault: running(commands, via),
  says: new RegExp(seen),
});

/** Those whose id matches a pattern, in which `*` stands for any text and `?` for any one character. */
export function selectMutations(mutations: readonly Mutation[], pattern: string): Mutation[] {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return mutations.filter(({ id }) => new RegExp(`^${source}$`).test(id));
}
