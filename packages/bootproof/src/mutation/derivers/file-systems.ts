import { literally } from '../../probes/fault-commands.ts';
import { asShown, type FileSystemParams } from '../../probes/kinds/file-system.ts';
import { fileSystem } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** What the kernel gives a mount that asks for nothing else: without these it has them all the same. */
const usual = new Set(['rw', 'relatime']);

/** The place is mounted anew: by another source, or with other options. */
function again(
  { mountpoint, kind, format, source, mountOptions }: FileSystemParams,
  { from = source, options = mountOptions }: { from?: string; options?: readonly string[] },
): string[] {
  const words = [...(kind === 'bind' ? ['bind'] : []), ...options].join(',');
  const type = kind === 'bind' ? '' : `-t ${quote(format)} `;
  return [
    `umount ${quote(mountpoint)}`,
    `mount ${type}${words === '' ? '' : `-o ${quote(words)} `}${quote(from)} ${quote(mountpoint)}`,
  ];
}

const without = (params: FileSystemParams, option: string): Sketch => ({
  id: `mount-option${params.mountpoint}/${option}`,
  title: `${params.mountpoint} is mounted without ${option}`,
  fault: running(again(params, { options: params.mountOptions.filter((each) => each !== option) })),
  says: new RegExp(`, without ${literally(asShown(option))}$`),
});

/** A file system in memory lies over the place. */
function covered({ mountpoint, format }: FileSystemParams): Sketch {
  const other = format === 'tmpfs' ? 'ramfs' : 'tmpfs';
  return {
    id: `mount-covered${mountpoint}`,
    title: `another file system is mounted at ${mountpoint}`,
    fault: running([`mount -t ${other} ${other} ${quote(mountpoint)}`]),
    says: new RegExp(`^${other}, `),
  };
}

function elsewhere(params: FileSystemParams): Sketch {
  const parent = params.source.replace(/\/[^/]*$/, '') || '/';
  return {
    id: `mount-elsewhere${params.mountpoint}`,
    title: `${params.mountpoint} is ${parent} once more and not ${params.source}`,
    fault: running(again(params, { from: parent })),
    says: new RegExp(`, ${literally(parent)}$`),
  };
}

const readOnly = ({ mountpoint, kind }: FileSystemParams): Sketch => ({
  id: `mount-read-only${mountpoint}`,
  title: `${mountpoint} is read-only`,
  fault: running([`mount -o remount,${kind === 'bind' ? 'bind,' : ''}ro ${quote(mountpoint)}`]),
  says: /, read-only$/,
});

export const fileSystemDerivers = [
  from(fileSystem, (params) => [
    {
      id: `mount-none${params.mountpoint}`,
      title: `${params.mountpoint} is not mounted`,
      fault: running([`umount ${quote(params.mountpoint)}`]),
      says: /^not mounted$/,
    },
    covered(params),
    ...(params.kind === 'bind' && params.source !== '/' ? [elsewhere(params)] : []),
    ...params.mountOptions.filter((option) => !usual.has(option)).map((option) => without(params, option)),
    ...(params.mountOptions.includes('ro') ? [] : [readOnly(params)]),
  ]),
];
