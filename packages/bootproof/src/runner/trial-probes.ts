import type { Json } from '../base/json.ts';
import { probeKinds } from '../probes/catalogue.ts';
import type { Probe, ProbeKind, ProbeMaker } from '../probes/probe.ts';
import { laterId, laterProbes, type Trial, titleAfter } from './later-probes.ts';
import { bootIdKind, fileSystemsKind, syncedFileKind } from './trial-kinds.ts';

/** What is known of a machine just before a trial, for the probes that compare with it. */
export interface BeforeTrial {
  readonly bootId?: string;
  /** What was written to the disk and synced. */
  readonly written?: string;
}

type Own = ProbeMaker<string, Record<string, never>>;

/** The kinds that only this trial has. Without what was before, for their words alone. */
function ownKinds(trial: Trial, { bootId, written = '' }: BeforeTrial = {}): Own[] {
  const again = bootIdKind(bootId);
  return trial === 'reboot' ? [again] : [again, fileSystemsKind, syncedFileKind(written)];
}

/** Every probe of the boot after a trial: the trial's own, then the plan's again. */
export function probesAfter(trial: Trial, probes: readonly Probe[]): Probe[] {
  const own = ownKinds(trial).map((kind) =>
    kind.probe({
      id: laterId(trial, `trial/${kind.kind}`),
      params: {},
      proves: [],
      title: titleAfter(trial, kind.title({})),
    }),
  );
  return [...own, ...laterProbes(trial, probes)];
}

/** The kinds by which those probes look, besides those of the plan. */
export function kindsAfter(
  trial: Trial,
  before: BeforeTrial,
  kinds: ReadonlyMap<string, ProbeKind> = probeKinds,
): ReadonlyMap<string, ProbeKind> {
  const own = ownKinds(trial, before) as unknown as readonly ProbeKind<string, Json>[];
  return new Map([...kinds, ...own.map((kind) => [kind.kind, kind] as const)]);
}
