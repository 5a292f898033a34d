import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { bootLoader } from '../probes/kinds/boot-loader.ts';
import { bootTarget } from '../probes/kinds/boot-target.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { consoleText } from '../probes/kinds/console-text.ts';
import { driver } from '../probes/kinds/device.ts';
import { fileLine } from '../probes/kinds/file-line.ts';
import { kernelModule } from '../probes/kinds/kernel-module.ts';
import { kernelParameter } from '../probes/kinds/kernel-parameter.ts';
import { systemState } from '../probes/kinds/system-state.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, type Guest, nixosOnly, textFile } from './service.ts';

const kernel = { source: 'nixos/modules/system/boot/kernel.nix', verdict: 'provable' } as const;
const systemdBoot = 'nixos/modules/system/boot/loader/systemd-boot/systemd-boot.nix';
const efi = 'nixos/modules/system/boot/loader/efi.nix';

const options = {
  boot: {
    kernelParams: option({
      type: types.listOf(
        types.strMatching(/^[^\s"]+(="[^"]*")?$|^[^\s]+$/, 'a kernel parameter without spaces'),
      ),
      default: [],
      example: ['console=ttyS0'],
      description: 'Parameters added to the kernel command line.',
      ...kernel,
    }),
    consoleLogLevel: option({
      type: types.int,
      default: 4,
      description:
        'Messages of the kernel below this level are shown on the console: 4 shows errors and worse.',
      ...kernel,
    }),
    kernelModules: option({
      type: types.sortedListOf(types.str),
      default: [],
      example: ['kvm-amd'],
      description: 'Kernel modules loaded in the second stage of the boot.',
      ...kernel,
    }),
    initrd: {
      availableKernelModules: option({
        type: types.sortedListOf(types.str),
        default: [],
        example: ['virtio_pci', 'virtio_blk'],
        description:
          'Kernel modules that the initial RAM disk holds, to be loaded when a device asks for them.',
        ...kernel,
      }),
      kernelModules: option({
        type: types.sortedListOf(types.str),
        default: [],
        description: 'Kernel modules that the initial RAM disk loads in any case.',
        ...kernel,
      }),
    },
    loader: {
      timeout: option({
        type: types.nullOr(types.int),
        default: 5,
        description: 'How long the boot menu waits, in seconds; null waits for ever.',
        source: 'nixos/modules/system/boot/loader/loader.nix',
        verdict: 'provable',
      }),
      'systemd-boot': {
        enable: option({
          type: types.bool,
          default: false,
          description: 'Whether systemd-boot is the boot loader.',
          source: systemdBoot,
          verdict: 'provable',
        }),
        editor: option({
          type: types.bool,
          default: true,
          description: 'Whether the kernel command line may be edited in the boot menu.',
          source: systemdBoot,
          verdict: 'provable',
        }),
        configurationLimit: option({
          type: types.nullOr(types.int),
          default: null,
          example: 20,
          description: 'How many generations the boot menu offers; null: all.',
          source: systemdBoot,
          verdict: nixosOnly('the stand-in has one generation'),
        }),
        consoleMode: option({
          type: types.enum(['0', '1', '2', '5', 'auto', 'max', 'keep']),
          default: 'keep',
          description: "The resolution of the boot menu's screen.",
          source: systemdBoot,
          verdict: nixosOnly('the stand-in keeps the mode that the firmware chose'),
        }),
      },
      efi: {
        canTouchEfiVariables: option({
          type: types.bool,
          default: false,
          description: 'Whether the installation may write EFI variables.',
          source: efi,
          verdict: nixosOnly(
            "nothing is installed from within the stand-in; its firmware starts the loader from the ESP's fallback path",
          ),
        }),
        efiSysMountPoint: option({
          type: types.str,
          default: '/boot',
          description: 'Where the EFI system partition is mounted.',
          source: efi,
          verdict: 'provable',
        }),
      },
    },
  },
};

/** From the firmware to a running system. */
export const boot = defineService({
  name: 'boot',
  description: 'Firmware, boot loader, kernel and the way to a running system.',
  options,

  realise({ boot: { kernelParams, consoleLogLevel, kernelModules, initrd } }) {
    return {
      // NixOS puts the level on the kernel command line in the same way.
      kernelParams: [...kernelParams, `loglevel=${consoleLogLevel}`],
      initrdModules: [...initrd.availableKernelModules, ...initrd.kernelModules],
      files: modulesFile(unique([...initrd.kernelModules, ...kernelModules])),
    };
  },

  probes({ boot: { kernelParams, consoleLogLevel, kernelModules, initrd, loader } }, guest) {
    return [
      bootTarget.probe({
        id: 'boot/multi-user',
        params: { target: 'multi-user.target' },
        // It boots whatever loader and drivers brought it there.
        proves: [],
        // From power on, firmware included. The run's own --timeout ends it earlier or lets it be longer.
        deadlineSeconds: 300,
      }),
      systemState.probe({
        id: 'boot/system-state',
        params: { check: 'running' },
        proves: [],
        deadlineSeconds: 90,
      }),
      systemState.probe({
        id: 'boot/no-failed-unit',
        params: { check: 'no failed unit' },
        proves: [],
        deadlineSeconds: 90,
      }),
      ...loaderProbes(loader, guest),
      kernelParameter.probe({
        id: 'boot/console-log-level',
        params: { parameter: `loglevel=${consoleLogLevel}` },
        proves: ['boot.consoleLogLevel'],
      }),
      ...unique(kernelParams).map((parameter) =>
        kernelParameter.probe({
          id: `boot/parameter-${parameter}`,
          params: { parameter },
          proves: ['boot.kernelParams'],
        }),
      ),
      ...moduleProbes(kernelModules, initrd.kernelModules),
      // A name that DHCP chooses is not known here.
      ...(guest.hostName !== '' &&
      guest.serialConsole &&
      kernelParams.some((parameter) => parameter.startsWith('console=ttyS0'))
        ? [loginPrompt(guest)]
        : []),
      ...(guest.disk === undefined ||
      guest.diskDriver === undefined ||
      !initrd.availableKernelModules.includes(guest.diskDriver)
        ? []
        : [
            driver.probe({
              id: 'boot/disk-driver',
              params: {
                of: guest.disk.device,
                sysPath: `/sys/class/block/${guest.disk.device.replace('/dev/', '')}/device`,
                driver: guest.diskDriver,
              },
              proves: ['boot.initrd.availableKernelModules'],
            }),
          ]),
    ];
  },

  // The framework boots the kernel itself and changes its parameters, so that neither they nor a boot loader show there.
  nixosTest: () => ({
    steps: [
      { title: 'the system is up', lines: ['machine.wait_for_unit("multi-user.target")'] },
      {
        title: 'no unit has failed',
        lines: [
          'failed_units = machine.succeed("systemctl list-units --failed --plain --no-legend")',
          'assert failed_units == "", f"failed units:\\n{failed_units}"',
        ],
      },
    ],
  }),
});

/**
 * The stand-in's initrd loads what its devices ask for; what it has to load in any case is loaded a moment later, by the
 * same unit as the modules of the second stage.
 */
const modulesFile = (modules: readonly string[]): ImageFile[] =>
  modules.length === 0 ? [] : [textFile('/etc/modules-load.d/nixos.conf', modules)];

/** One probe for each module, with the option, or the two, that ask for it. */
function moduleProbes(second: readonly string[], first: readonly string[]): Probe[] {
  return unique([...first, ...second]).map((module) =>
    kernelModule.probe({
      id: `boot/module-${module}`,
      params: { module },
      proves: [
        ...(first.includes(module) ? ['boot.initrd.kernelModules'] : []),
        ...(second.includes(module) ? ['boot.kernelModules'] : []),
      ],
      after: ['boot/multi-user'],
    }),
  );
}

/** Two roles may both ask for a parameter. The command line has it twice then, as on NixOS, and one probe proves it. */
const unique = (parameters: readonly string[]): string[] => [...new Set(parameters)];

function loginPrompt(guest: Guest): Probe {
  return consoleText.probe({
    id: 'boot/login-prompt',
    params: { pattern: `^${guest.hostName} login:`, description: `a login prompt for ${guest.hostName}` },
    proves: ['boot.kernelParams', 'networking.hostName'],
    after: ['boot/multi-user'],
  });
}

function loaderProbes(
  loader: {
    readonly timeout: number | null;
    readonly 'systemd-boot': { readonly enable: boolean; readonly editor: boolean };
    readonly efi: { readonly efiSysMountPoint: string };
  },
  guest: Guest,
): Probe[] {
  const esp = guest.disk?.partitions.find(
    (partition) => partition.content?.mountpoint === loader.efi.efiSysMountPoint,
  );
  if (!loader['systemd-boot'].enable || guest.disk === undefined || esp === undefined) return [];
  return [
    bootLoader.probe({
      id: 'boot/loader',
      params: { loader: 'systemd-boot', partition: `${guest.disk.device}${esp.number}` },
      proves: ['boot.loader.systemd-boot.enable', 'boot.loader.efi.efiSysMountPoint'],
    }),
    fileLine.probe({
      id: 'boot/loader-timeout',
      params: {
        path: `${loader.efi.efiSysMountPoint}/loader/loader.conf`,
        line: `timeout ${loader.timeout ?? 'menu-force'}`,
      },
      proves: ['boot.loader.timeout'],
      // systemd mounts the ESP while it starts; the shell can be quicker.
      after: ['boot/multi-user'],
    }),
    editorProbe(`${loader.efi.efiSysMountPoint}/loader/loader.conf`, loader['systemd-boot'].editor),
  ];
}

/** A loader.conf without a line about it has the editor on, and `0` is a `no`: loader.conf(5). */
function editorProbe(path: string, allowed: boolean): Probe {
  const file = quote(path);
  return commandOutput.probe({
    id: 'boot/loader-editor',
    params: {
      command: `test -r ${file} && if grep -Eq '^editor[[:space:]]+(0|no|off|false)[[:space:]]*$' ${file}; then echo no; else echo yes; fi`,
      output: allowed ? 'yes' : 'no',
    },
    title: `the boot menu ${allowed ? 'lets' : 'does not let'} the kernel command line be edited`,
    proves: ['boot.loader.systemd-boot.editor'],
    after: ['boot/multi-user'],
  });
}
