import type { DiskLayout } from '../../disk/layout.ts';
import { attrPathText } from '../../nix/show.ts';
import { fileSystem } from '../../probes/kinds/file-system.ts';
import type { Probe } from '../../probes/probe.ts';
import type { ImageFile } from '../recipe.ts';
import { textFile, wantedBy } from '../service.ts';
import { escapedPath, settingText } from './unit-names.ts';

interface DeclaredFileSystem {
  readonly device: string | null;
  readonly fsType: string;
  readonly options: readonly string[];
}

type Declared = Readonly<Record<string, DeclaredFileSystem>>;

/** File systems without a device: filesystems(5). */
const inMemory = new Set(['tmpfs', 'ramfs']);

/** Words of fstab(5) that are for mount and systemd, not for the kernel, and so do not show in a mount. */
const unshown = /^(defaults|bind|rbind|auto|noauto|nofail|_netdev|user|nouser|x-.*)$/;

const isBind = ({ options }: DeclaredFileSystem): boolean =>
  options.includes('bind') || options.includes('rbind');

/** What the stand-in can mount: neither what is on another disk, nor what disko has there already. */
function realised(declared: Declared, disk: DiskLayout | undefined): [string, DeclaredFileSystem][] {
  const taken = new Set(disk?.partitions.map(({ content }) => content?.mountpoint));
  return Object.entries(declared).filter(
    ([place, each]) =>
      !taken.has(place) && (inMemory.has(each.fsType) || (isBind(each) && each.device !== null)),
  );
}

/** NixOS gives a file system in memory its own type for a device. */
const deviceOf = (each: DeclaredFileSystem): string => each.device ?? each.fsType;

/** Mount units, wanted by local-fs.target, as those that systemd makes of fstab: systemd.mount(5). */
export function mountFiles(declared: Declared, disk: DiskLayout | undefined): ImageFile[] {
  return realised(declared, disk).flatMap(([place, each]) => {
    const unit = `${escapedPath(place)}.mount`;
    return [
      textFile(`/etc/systemd/system/${unit}`, [
        '[Mount]',
        `What=${settingText(deviceOf(each))}`,
        `Where=${settingText(place)}`,
        `Type=${isBind(each) ? 'none' : each.fsType}`,
        `Options=${settingText(each.options.join(','))}`,
      ]),
      ...(each.options.includes('noauto') ? [] : [wantedBy('local-fs.target', unit, '/etc/systemd/system')]),
    ];
  });
}

/** A probe for each that is mounted at boot. An option that the kernel keeps in another form leaves `options` unproven. */
export function mountProbes(declared: Declared, disk: DiskLayout | undefined): Probe[] {
  return realised(declared, disk)
    .filter(([, { options }]) => !options.includes('noauto'))
    .map(([place, each]) => {
      const bind = isBind(each);
      const path = attrPathText(['fileSystems', place]);
      const shown = each.options.filter((option) => !unshown.test(option));
      const relative = shown.some((option) => option.includes('%'));
      return fileSystem.probe({
        id: `fileSystems${place}`,
        params: {
          mountpoint: place,
          kind: bind ? 'bind' : 'device',
          format: bind ? '' : each.fsType,
          source: deviceOf(each),
          mountOptions: shown.filter((option) => !option.includes('%')),
        },
        proves: [
          `${path}.device`,
          ...(bind ? [] : [`${path}.fsType`]),
          ...(relative ? [] : [`${path}.options`]),
        ],
        after: ['boot/multi-user'],
      });
    });
}
