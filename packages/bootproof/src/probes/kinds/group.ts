import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

export interface GroupParams {
  readonly [key: string]: string | number | null | readonly string[];
  readonly group: string;
  /** Null: any. */
  readonly gid: number | null;
  /** Users who are listed in the group, among others. */
  readonly members: readonly string[];
}

/** A group is there, with its id and its members: group(5). */
export const group = defineProbeKind<'group', GroupParams>({
  kind: 'group',
  needs: ['shell'],
  title: ({ group: name, gid, members }) =>
    [
      `the group ${name} is there`,
      ...(gid === null ? [] : [`with the id ${gid}`]),
      ...(members.length === 0 ? [] : [`with ${members.join(', ')}`]),
    ].join(' '),
  hint: ({ group: name }) => `In the machine: getent group ${name}`,
  async observe(target, { group: name, gid, members }) {
    const text = await target.readFile('/etc/group');
    const line = text?.split('\n').find((each) => each.startsWith(`${name}:`));
    const [, , id = '', list = ''] = line?.split(':') ?? [];
    const present = list.split(',');
    const holds =
      line !== undefined &&
      (gid === null || id === String(gid)) &&
      members.every((member) => present.includes(member));
    return settled(holds, {
      expected: [name, ...(gid === null ? [] : [gid]), ...members].join(', '),
      seen: line ?? 'no such group',
      evidence: [{ source: '/etc/group', text: line ?? `no line for ${name}` }],
    });
  },
});
