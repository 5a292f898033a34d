import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

export interface PartitionParams {
  readonly [key: string]: string | number;
  readonly device: string;
  readonly label: string;
  readonly typeGuid: string;
  /** In sectors of 512 bytes, as udev counts. */
  readonly start: number;
  readonly sectors: number;
}

/** A partition has its label, type, place and size, as udev read them from the disk. */
export const partition = defineProbeKind<'partition', PartitionParams>({
  kind: 'partition',
  needs: ['shell'],
  title: ({ device, label }) => `${device} is the partition ${label}, of the declared type and size`,
  hint: ({ device }) => `In the machine: udevadm info ${device}; sfdisk --dump`,
  async observe(target, params) {
    const command = `udevadm info -q property -n ${params.device}`;
    const { stdout } = await target.execute(command);
    const property = (name: string) =>
      new RegExp(`^ID_PART_ENTRY_${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? 'none';
    const describe = (label: string, type: string, start: string | number, size: string | number) =>
      `${label}, type ${type.toUpperCase()}, sectors ${start}+${size}`;
    const expected = describe(params.label, params.typeGuid, params.start, params.sectors);
    const seen = describe(property('NAME'), property('TYPE'), property('OFFSET'), property('SIZE'));
    return settled(seen === expected, {
      expected,
      seen,
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
