import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { defineService, notRealised } from './service.ts';

const source = 'nixos/modules/tasks/filesystems.nix';
const swap = 'nixos/modules/config/swap.nix';
const diskoOnly = notRealised('the stand-in has the file systems that disko.devices declares, and no others');
const noSwap = notRealised('the stand-in has no swap');

/** File systems and swap that are declared by hand. What disko declares is in its own entry. */
export const fileSystems = defineService({
  name: 'fileSystems',
  description: 'File systems and swap besides those of disko.',
  options: {
    fileSystems: option({
      type: types.attrsOf(
        types.submodule({
          device: option({
            type: types.nullOr(types.nonEmptyStr),
            default: null,
            example: '/dev/sda',
            description: 'The device that holds the file system.',
            source,
            verdict: diskoOnly,
          }),
          label: option({
            type: types.nullOr(types.nonEmptyStr),
            default: null,
            description: "The file system's label, in place of a device.",
            source,
            verdict: diskoOnly,
          }),
          fsType: option({
            type: types.nonEmptyStr,
            default: 'auto',
            example: 'ext4',
            description: 'The type of the file system.',
            source,
            verdict: diskoOnly,
          }),
          options: option({
            type: types.nonEmptyListOf(types.nonEmptyStr),
            default: ['defaults'],
            example: ['noatime'],
            description: 'Mount options.',
            source,
            verdict: diskoOnly,
          }),
          neededForBoot: option({
            type: types.bool,
            default: false,
            description: 'Whether it is mounted in the initial RAM disk.',
            source,
            verdict: diskoOnly,
          }),
        }),
      ),
      default: {},
      description: 'File systems, by the place where they are mounted.',
      source,
      verdict: diskoOnly,
    }),
    swapDevices: option({
      type: types.listOf(
        types.submodule({
          device: option({
            type: types.nonEmptyStr,
            example: '/var/lib/swapfile',
            description: 'The device or file.',
            source: swap,
            verdict: noSwap,
          }),
          size: option({
            type: types.nullOr(types.int),
            default: null,
            example: 2048,
            description: 'The size of a swap file that is made, in MiB; null: it is there already.',
            source: swap,
            verdict: noSwap,
          }),
          priority: option({
            type: types.nullOr(types.int),
            default: null,
            description: 'Which swap is used first: that with the highest number.',
            source: swap,
            verdict: noSwap,
          }),
        }),
      ),
      default: [],
      description: 'Swap devices and files.',
      source: swap,
      verdict: noSwap,
    }),
  },

  nixosTest: () => ({
    notTested: 'a test VM has its own file systems and no swap, in place of the declared ones',
  }),
});
