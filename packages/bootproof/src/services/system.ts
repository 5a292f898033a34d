import { equals, not, text } from '../nix/expression.ts';
import { option } from '../options/option.ts';
import { types } from '../options/types.ts';
import { rewrite } from '../probes/fault-commands.ts';
import { clock } from '../probes/kinds/clock.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { imageClean } from '../probes/kinds/image-clean.ts';
import type { ProbeFault } from '../probes/probe.ts';
import { pythonString } from './nixos-test.ts';
import { defineService, nixosOnly, notProvable, textFile } from './service.ts';
import { localeProbes, realiseLocale, usualLocale } from './system/locale.ts';

/** NixOS's releases: those of the first years, March and September from 16.03, May and November from 21.05. */
const releasePattern = /^(13\.10|14\.(04|12)|15\.09|(1[6-9]|20)\.(03|09)|2[1-9]\.(05|11))$/;

const i18n = 'nixos/modules/config/i18n.nix';
const console_ = 'nixos/modules/config/console.nix';
const noKeymap = nixosOnly('the stand-in leaves the console as the kernel sets it up');

const options = {
  system: {
    stateVersion: option({
      type: types.strMatching(releasePattern, 'a NixOS release such as 25.11'),
      example: '25.11',
      description:
        'The NixOS release whose defaults for stateful data the machine was installed with. Never changed later.',
      source: 'nixos/modules/misc/version.nix',
      verdict: notProvable('it chooses defaults of NixOS, and shows in nothing but those'),
    }),
  },
  time: {
    timeZone: option({
      type: types.nullOr(types.strMatching(/^[A-Za-z0-9+_/-]+$/, 'a time zone such as Europe/Berlin')),
      default: null,
      example: 'Europe/Berlin',
      description: "The machine's time zone; null: UTC, and it may be set while the machine runs.",
      source: 'nixos/modules/config/locale.nix',
      verdict: 'provable',
    }),
    hardwareClockInLocalTime: option({
      type: types.bool,
      default: false,
      description: 'Whether the hardware clock keeps local time.',
      source: 'nixos/modules/config/locale.nix',
      verdict: 'provable',
    }),
  },
  i18n: {
    defaultLocale: option({
      type: types.str,
      default: usualLocale,
      example: 'de_DE.UTF-8',
      description: 'The locale of programs that are told no other.',
      source: i18n,
      verdict: 'provable',
    }),
    extraLocaleSettings: option({
      type: types.attrsOf(types.str),
      default: {},
      example: { LC_TIME: 'de_DE.UTF-8' },
      description: 'Locale variables besides LANG.',
      source: i18n,
      verdict: 'provable',
    }),
  },
  console: {
    keyMap: option({
      type: types.either(types.str, types.path),
      default: 'us',
      example: 'de',
      description: 'The keyboard map of the virtual consoles.',
      source: console_,
      verdict: noKeymap,
    }),
    font: option({
      type: types.nullOr(types.either(types.str, types.path)),
      default: null,
      description: "The font of the virtual consoles; null: the kernel's own.",
      source: console_,
      verdict: noKeymap,
    }),
    enable: option({
      type: types.bool,
      default: true,
      description: 'Whether virtual consoles are set up.',
      source: console_,
      verdict: noKeymap,
    }),
  },
};

/** The machine as such: its release, its clock's zone, its language. */
export const system = defineService({
  name: 'system',
  description: 'Release, time zone, locale and console.',
  options,

  realise({ time: { timeZone, hardwareClockInLocalTime }, i18n }) {
    const { packages = [], files = [] } = realiseLocale(i18n);
    return {
      packages: [...(timeZone === null ? [] : ['tzdata']), ...packages],
      files: [
        ...(timeZone === null
          ? []
          : [
              {
                type: 'symlink' as const,
                path: '/etc/localtime',
                target: `/usr/share/zoneinfo/${timeZone}`,
              },
            ]),
        // adjtime(5) of hwclock: drift, time of the last adjustment, and what the clock keeps. systemd reads the last.
        ...(hardwareClockInLocalTime ? [textFile('/etc/adjtime', ['0.0 0 0.0', '0', 'LOCAL'])] : []),
        ...files,
      ],
    };
  },

  probes({ time: { timeZone, hardwareClockInLocalTime }, i18n }) {
    return [
      imageClean.probe({
        id: 'system/no-machine-id',
        params: { check: 'no machine-id' },
        // That every machine gets an identity of its own is a property of the image; no option declares it.
        proves: [],
      }),
      clock.probe({
        id: 'system/clock',
        params: {},
        // A hardware clock that keeps another time than is declared puts the system's off by the time zone.
        proves: hardwareClockInLocalTime && timeZone !== null ? ['time.hardwareClockInLocalTime'] : [],
        after: ['boot/multi-user'],
      }),
      ...(timeZone === null
        ? []
        : [
            commandOutput.probe({
              id: 'system/time-zone',
              params: {
                // Not followed to its end: some zones, UTC among them, are links to another name in their turn.
                command: "readlink /etc/localtime | sed 's#.*/zoneinfo/##'",
                output: timeZone,
              },
              title: `the time zone is ${timeZone}`,
              proves: ['time.timeZone'],
              faults: [otherZone(timeZone)],
            }),
          ]),
      ...(hardwareClockInLocalTime
        ? [
            commandOutput.probe({
              id: 'system/hardware-clock',
              params: { command: 'sed -n 3p /etc/adjtime', output: 'LOCAL' },
              title: 'the hardware clock keeps local time',
              proves: ['time.hardwareClockInLocalTime'],
              faults: [
                {
                  id: 'hardware-clock-utc',
                  title: 'the hardware clock keeps UTC',
                  commands: rewrite('/etc/adjtime', (copy) => `sed -i 's/^LOCAL$/UTC/' ${copy}`),
                  seen: '^UTC$',
                },
              ],
            }),
          ]
        : []),
      ...localeProbes(i18n),
    ];
  },

  nixosTest: ({ time: { timeZone }, i18n }) => ({
    steps: [
      {
        title: 'the time zone is the declared one',
        when: not(equals(timeZone, null)),
        lines: [
          'seen_zone = machine.succeed("readlink /etc/localtime").strip()',
          text`assert seen_zone.endswith("/zoneinfo/" + ${pythonString(timeZone)}), f"the time zone is {seen_zone}"`,
        ],
      },
      {
        title: 'services are told the locale',
        lines: [
          'seen_locale = machine.succeed("systemctl show-environment")',
          text`assert "LANG=" + ${pythonString(i18n.defaultLocale)} in seen_locale.splitlines(), seen_locale`,
        ],
      },
    ],
  }),
});

/** Another zone, beside the declared one in the same folder of zones. */
function otherZone(declared: string): ProbeFault {
  const other = declared === 'Asia/Tokyo' ? 'Europe/Paris' : 'Asia/Tokyo';
  return {
    id: 'time-zone',
    title: `the time zone is ${other}`,
    commands: [
      'zone=$(readlink /etc/localtime)',
      `ln -sfn "\${zone%%/zoneinfo/*}/zoneinfo/${other}" /etc/localtime`,
    ],
    seen: `^${other}$`,
  };
}
