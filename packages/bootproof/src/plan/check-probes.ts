import { DeclarationError, type Fault } from '../base/errors.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';

/**
 * A test's probes, those of the services and those of the host's own together. Ids are what proofs are told apart by, and
 * what `after` names: mistakes in them are those of the host's own probes.
 *
 * @throws DeclarationError with every mistake, in the host's test.ts
 */
export function checkedProbes(
  implied: readonly Probe[],
  extra: readonly Probe[],
  file: string,
): readonly Probe[] {
  const all = [...implied, ...extra];
  const faults = [...idFaults(all), ...mutationFaults(all)].map(
    (fault): Fault => ({ files: [file], option: 'extraProbes', ...fault }),
  );
  if (faults.length > 0) throw new DeclarationError(faults);
  return all;
}

type Mistake = Pick<Fault, 'value' | 'reason' | 'remedy'>;

function idFaults(all: readonly Probe[]): Mistake[] {
  const ids = new Set(all.map(({ id }) => id));
  return all.flatMap(({ id, after }, index): Mistake[] => {
    if (all.findIndex((other) => other.id === id) !== index) {
      return [
        {
          value: JSON.stringify(id),
          reason: 'Another probe of this host has the same id.',
          remedy: 'Give it an id of its own.',
        },
      ];
    }
    const unknown = after.find((name) => !ids.has(name));
    if (unknown === undefined) return [];
    return [
      {
        value: JSON.stringify(unknown),
        reason: `The probe ${id} comes after it, but no probe of this host has that id.`,
        remedy: '`bootproof plan --json` lists the ids.',
      },
    ];
  });
}

/** What makes a fault that a probe brings useless: it could not be matched, or not be told from another. */
function mutationFaults(all: readonly Probe[]): Mistake[] {
  const known = new Map<string, ProbeFault>();
  return all.flatMap(({ id, faults = [] }) =>
    faults.flatMap((fault): Mistake[] => {
      const first = known.get(fault.id) ?? fault;
      known.set(fault.id, first);
      return [...patternMistake(id, fault), ...sameFaultMistake(id, fault, first)];
    }),
  );
}

function patternMistake(probe: string, { id, seen }: ProbeFault): Mistake[] {
  try {
    new RegExp(seen);
    return [];
  } catch (error) {
    return [
      {
        value: JSON.stringify(seen),
        reason: `The fault ${id} of the probe ${probe} is told by no regular expression: ${(error as Error).message}`,
        remedy: 'Write what the probe has to see as the source of a JavaScript RegExp.',
      },
    ];
  }
}

/** Probes that share a fault say the same of how it is made; what each of them sees of it may differ. */
function sameFaultMistake(probe: string, fault: ProbeFault, first: ProbeFault): Mistake[] {
  const made = ({ title, commands, via }: ProbeFault) => JSON.stringify([title, commands, via ?? 'agent']);
  if (made(fault) === made(first)) return [];
  return [
    {
      value: JSON.stringify(fault.id),
      reason: `Another probe of this host has a fault of this id that is made otherwise than the one of ${probe}.`,
      remedy: 'Give the fault an id of its own, or make both alike.',
    },
  ];
}
