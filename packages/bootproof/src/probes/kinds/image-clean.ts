import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import type { ImageInspection } from '../target.ts';

type Check = 'no authorized key' | 'no login password' | 'no machine-id' | 'no SSH host key';

/** What an image must not carry, and what of it was found. Empty: clean. */
const findings: Readonly<Record<Check, (image: ImageInspection) => readonly string[]>> = {
  'no authorized key': (image) => image.authorizedKeys,
  'no login password': (image) => image.loginPasswords,
  // systemd's machine-id(5): an empty file, a missing one or `uninitialized` makes the first boot choose a fresh id.
  'no machine-id': ({ machineId = '' }) =>
    ['', 'uninitialized'].includes(machineId.trim()) ? [] : [machineId.trim()],
  'no SSH host key': (image) => image.hostKeys,
};

/** The image holds no secret and no identity: every machine made from it boots with fresh ones. */
export const imageClean = defineProbeKind<
  'image-clean',
  {
    readonly check: Check;
    /** What was declared, and so may be there: paths of keys, or users with a password. */
    readonly declared?: readonly string[];
  }
>({
  kind: 'image-clean',
  needs: ['image'],
  title: ({ check, declared = [] }) =>
    `the image carries ${check}${declared.length === 0 ? '' : ` but the declared: ${declared.join(', ')}`}`,
  hint: () => 'Read from the image itself. Look for the module or the package script that put it there.',
  async observe(target, { check, declared = [] }) {
    const found = findings[check](target.image).filter((each) => !declared.includes(each));
    const clean = declared.length === 0 ? check : `${check} but the declared`;
    return settled(found.length === 0, {
      expected: clean,
      seen: found.length === 0 ? clean : found.join(', '),
      evidence: [
        { source: "the image's root file system, before its first boot", text: found.join('\n') || 'none' },
      ],
    });
  },
});
