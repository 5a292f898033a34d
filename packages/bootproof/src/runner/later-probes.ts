import { probeKinds } from '../probes/catalogue.ts';
import type { Probe, ProbeKind } from '../probes/probe.ts';

/** What a machine may be put through after its first boot was proven, in this order. */
export type Trial = 'reboot' | 'power cut';

/** How a trial is called in ids and titles. */
const words: Readonly<Record<Trial, { readonly id: string; readonly title: string }>> = {
  reboot: { id: 'after-reboot', title: 'after a reboot' },
  'power cut': { id: 'after-power-cut', title: 'after a power cut' },
};

/** A statement, with the boot that it is about: `sshd.service is active, after a reboot`. */
export const titleAfter = (trial: Trial, title: string): string => `${title}, ${words[trial].title}`;

/** The probe's id in the boot after a trial: `after-reboot/openssh/unit`. */
export const laterId = (trial: Trial, id: string): string => `${words[trial].id}/${id}`;

/**
 * A plan's probes, to be asked again after a trial, with ids and titles that say so. Left out are those that look at the
 * image: it was read before the first boot, and nothing that a machine does changes it.
 */
export function laterProbes(
  trial: Trial,
  probes: readonly Probe[],
  kinds: ReadonlyMap<string, ProbeKind> = probeKinds,
): Probe[] {
  const again = probes.filter(({ kind }) => !kinds.get(kind)?.needs.includes('image'));
  const ids = new Set(again.map(({ id }) => id));
  return again.map((probe) => ({
    ...probe,
    id: laterId(trial, probe.id),
    title: titleAfter(trial, probe.title),
    after: probe.after.filter((id) => ids.has(id)).map((id) => laterId(trial, id)),
  }));
}
