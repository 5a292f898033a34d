import { exactly } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import type { ImageFile } from '../recipe.ts';
import { textFile, wantedBy } from '../service.ts';
import { escapedPath, settingText } from './unit-names.ts';

interface SwapDevice {
  readonly device: string;
  /** In MiB; null: the file is there already. */
  readonly size: number | null;
  readonly priority: number | null;
}

const folder = '/etc/systemd/system';

/** A swap partition would need a disk that the stand-in does not have. */
const isFile = ({ device }: SwapDevice): boolean => !device.startsWith('/dev/');

/** Swap units for files, each after the service that makes its file: systemd.swap(5). */
export function swapFiles(devices: readonly SwapDevice[]): ImageFile[] {
  return devices.filter(isFile).flatMap((swap) => {
    const name = escapedPath(swap.device);
    const maker = `mkswap-${name}.service`;
    const made = swap.size !== null;
    return [
      textFile(`${folder}/${name}.swap`, [
        '[Unit]',
        ...(made ? [`Requires=${maker}`, `After=${maker}`] : []),
        '',
        '[Swap]',
        `What=${settingText(swap.device)}`,
        ...(swap.priority === null ? [] : [`Priority=${swap.priority}`]),
      ]),
      wantedBy('swap.target', `${name}.swap`, folder),
      ...(swap.size === null ? [] : makerFiles(swap.device, swap.size, name, maker)),
    ];
  });
}

/** The file is made at boot where it is not there in its size, and is nobody's but root's to read, as on NixOS. */
function makerFiles(device: string, size: number, name: string, maker: string): ImageFile[] {
  const script = `/usr/local/libexec/mkswap-${name}`;
  const file = quote(device);
  return [
    textFile(`${folder}/${maker}`, [
      '[Unit]',
      `Description=The swap file ${settingText(device)}`,
      'DefaultDependencies=no',
      // Not after local-fs.target: file systems in memory are mounted after swap.target themselves.
      'After=systemd-remount-fs.service',
      `RequiresMountsFor=${settingText(device.slice(0, device.lastIndexOf('/')) || '/')}`,
      'Conflicts=shutdown.target',
      'Before=shutdown.target',
      '',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      'UMask=0177',
      // systemd reads a backslash as the start of an escape.
      `ExecStart=/bin/sh "${settingText(script).replaceAll('\\', '\\\\')}"`,
    ]),
    textFile(
      script,
      [
        'set -e',
        'PATH="$PATH:/usr/sbin:/sbin"',
        `test "$(stat -c %s ${file} 2>/dev/null)" = ${size * 2 ** 20} && exit 0`,
        `rm -f ${file}`,
        `fallocate -l ${size}M ${file} || dd if=/dev/zero of=${file} bs=1M count=${size}`,
        `mkswap ${file}`,
      ],
      0o755,
    ),
  ];
}

/** What the kernel swaps to, in /proc/swaps: proc(5). Sizes there are in KiB, without the page of the header. */
export function swapProbes(devices: readonly SwapDevice[]): Probe[] {
  const proves = devices.every(isFile) ? ['swapDevices'] : [];
  return devices.filter(isFile).map(({ device, size, priority }) => {
    const columns = [
      ...(size === null ? [] : [{ shown: 'int(($3 + 4) / 1024) " MiB"', value: `${size} MiB` }]),
      ...(priority === null ? [] : [{ shown: '"priority " $5', value: `priority ${priority}` }]),
    ];
    const shown = ['"swap"', ...columns.map((column) => column.shown)].join(', ');
    return commandOutput.probe({
      id: `fileSystems/swap${device}`,
      params: {
        command: `awk -v file=${quote(device)} '$1 == file { print ${shown} }' /proc/swaps`,
        output: ['swap', ...columns.map((column) => column.value)].join(' '),
      },
      title: [`the kernel swaps to ${device}`, ...columns.map((column) => column.value)].join(', '),
      proves,
      after: ['boot/multi-user'],
      faults: swapFaults({ device, size, priority }),
    });
  });
}

/** The file is not swapped to, has another priority, or is smaller. */
function swapFaults({ device, size, priority }: SwapDevice): ProbeFault[] {
  const file = quote(device);
  const shown = (mebibytes: number | null, first: number | null): string =>
    [
      'swap',
      ...(mebibytes === null ? [] : [`${mebibytes} MiB`]),
      ...(first === null ? [] : [`priority ${first}`]),
    ].join(' ');
  const other = priority === 0 ? 1 : 0;
  const half = Math.floor((size ?? 0) / 2);
  return [
    {
      id: `swap-off${device}`,
      title: `the kernel does not swap to ${device}`,
      commands: [`swapoff ${file}`],
      seen: exactly(''),
    },
    ...(priority === null
      ? []
      : [
          {
            id: `swap-priority${device}`,
            title: `the kernel swaps to ${device} with the priority ${other}`,
            commands: [`swapoff ${file}`, `swapon -p ${other} ${file}`],
            seen: exactly(shown(size, other)),
          },
        ]),
    ...(half === 0
      ? []
      : [
          {
            id: `swap-size${device}`,
            title: `${device} has half of its size`,
            commands: [
              `swapoff ${file}`,
              `truncate -s ${half}M ${file}`,
              `mkswap ${file}`,
              `swapon ${priority === null ? '' : `-p ${priority} `}${file}`,
            ],
            seen: exactly(shown(half, priority)),
          },
        ]),
  ];
}
