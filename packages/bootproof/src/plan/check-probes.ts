import { DeclarationError, type Fault } from '../base/errors.ts';
import type { OptionTree } from '../options/option.ts';
import type { Probe, ProbeFault } from '../probes/probe.ts';
import { unknownOption } from './known-options.ts';

/** Probes of one source: a service, or the host's own test.ts. */
export interface ProbeSource {
  readonly probes: readonly Probe[];
  /** The file to edit when one of them is wrong. */
  readonly file: string;
  /** What of that file they are: `extraProbes`. */
  readonly member: string;
  /** Whether they are bootproof's own: what those say that they prove is held by its tests. */
  readonly builtIn: boolean;
}

/**
 * A test's probes, those of all sources together. Ids are what proofs are told apart by, and what `after` names; `proves` is
 * what the coverage believes.
 *
 * @throws DeclarationError with every mistake, in the file of the probe that makes it
 */
export function checkedProbes(sources: readonly ProbeSource[], surface: OptionTree): readonly Probe[] {
  const all = sources.flatMap(({ probes }) => probes);
  const sourceOf = new Map(
    sources.flatMap((source) => source.probes.map((probe) => [probe, source] as const)),
  );
  const own = sources.filter(({ builtIn }) => !builtIn).flatMap(({ probes }) => probes);
  const mistakes = [
    ...idMistakes(all),
    ...own.flatMap((probe) => optionMistakes(probe, surface)),
    ...mutationMistakes(all),
  ];
  const faults = mistakes.flatMap(({ probe, other, ...mistake }): Fault[] => {
    const [source, otherSource] = [sourceOf.get(probe), other && sourceOf.get(other)];
    if (source === undefined) return [];
    const others = otherSource === undefined || otherSource.builtIn ? [] : [otherSource.file];
    return [{ files: [...new Set([...others, source.file])], option: source.member, ...mistake }];
  });
  if (faults.length > 0) throw new DeclarationError(faults);
  return all;
}

interface Mistake extends Pick<Fault, 'value' | 'reason' | 'remedy'> {
  /** The probe that makes it. */
  readonly probe: Probe;
  /** The one that it is not in agreement with. */
  readonly other?: Probe;
}

function idMistakes(all: readonly Probe[]): Mistake[] {
  const ids = new Set(all.map(({ id }) => id));
  return all.flatMap((probe, index): Mistake[] => {
    const { id, after } = probe;
    const other = all.slice(0, index).find((before) => before.id === id);
    if (other !== undefined) {
      return [
        {
          probe,
          other,
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
        probe,
        value: JSON.stringify(unknown),
        reason: `The probe ${id} comes after it, but no probe of this host has that id.`,
        remedy: '`bootproof plan --json` lists the ids.',
      },
    ];
  });
}

/** A probe that claims to prove what is no option would count for nothing, unseen. */
const optionMistakes = (probe: Probe, surface: OptionTree): Mistake[] =>
  probe.proves.flatMap((path) => {
    const unknown = unknownOption(surface, path);
    if (unknown === undefined) return [];
    const { near } = unknown;
    return [
      {
        probe,
        value: JSON.stringify(path),
        reason: `The probe ${probe.id} proves it, but there is no such option.`,
        remedy:
          near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'docs/reference/options.md lists them.',
      },
    ];
  });

/** What makes a fault that a probe brings useless: it could not be matched, or not be told from another. */
function mutationMistakes(all: readonly Probe[]): Mistake[] {
  const known = new Map<string, { readonly probe: Probe; readonly fault: ProbeFault }>();
  return all.flatMap((probe) =>
    (probe.faults ?? []).flatMap((fault): Mistake[] => {
      const first = known.get(fault.id) ?? { probe, fault };
      known.set(fault.id, first);
      return [
        ...patternMistake(fault, probe.id).map((mistake) => ({ probe, ...mistake })),
        ...sameFaultMistake(fault, probe.id, first.fault).map((mistake) => ({
          probe,
          other: first.probe,
          ...mistake,
        })),
      ];
    }),
  );
}

type Said = Omit<Mistake, 'probe' | 'other'>;

function patternMistake({ id, seen }: ProbeFault, probe: string): Said[] {
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
function sameFaultMistake(fault: ProbeFault, probe: string, first: ProbeFault): Said[] {
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
