import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

// The vendor GUID of the Boot Loader Interface: https://systemd.io/BOOT_LOADER_INTERFACE
const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

// An EFI variable in efivarfs is 4 bytes of attributes and then, for these, UTF-16; what remains without the NULs is its
// text. Its file cannot be sought in, which is why cat reads it for tail.
const read = (name: string) =>
  `cat /sys/firmware/efi/efivars/${name}-${vendor} | tail -c +5 | tr -d '\\0'; echo`;

/** The firmware started this boot loader, and from this partition. */
export const bootLoader = defineProbeKind<
  'boot-loader',
  { readonly loader: string; readonly partition: string }
>({
  kind: 'boot-loader',
  needs: ['shell'],
  title: ({ loader, partition }) => `the firmware started ${loader} from ${partition}`,
  hint: () =>
    'In the machine: bootctl status. The EFI variables LoaderInfo and LoaderDevicePartUUID are set by systemd-boot alone.',
  async observe(target, { loader, partition }) {
    const command = [
      read('LoaderInfo'),
      read('LoaderDevicePartUUID'),
      `udevadm info -q property -n ${partition} | sed -n 's/^ID_PART_ENTRY_UUID=//p'`,
    ].join('; ');
    const { stdout } = await target.execute(command);
    const [info = '', device = '', declared = ''] = stdout.split('\n').map((line) => line.trim());
    const fromPartition = declared !== '' && device.toLowerCase() === declared.toLowerCase();
    return settled(info.startsWith(`${loader} `) && fromPartition, {
      expected: `${loader}, from ${partition}`,
      seen: `${info || 'no LoaderInfo'}, from ${fromPartition ? partition : device || 'no LoaderDevicePartUUID'}`,
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
