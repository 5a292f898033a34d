/** The locale: which one services and people are told of, and that the C library has it. */

import { literally } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { type Realisation, textFile } from '../service.ts';

interface Locale {
  readonly defaultLocale: string;
  readonly extraLocaleSettings: Readonly<Record<string, string>>;
}

/** What NixOS takes where nobody declares one: nixos/modules/config/i18n.nix. */
export const usualLocale = 'en_US.UTF-8';

/** What every C library has: locale(7). */
const builtIn = new Set(['C', 'POSIX', 'C.UTF-8', 'C.utf8']);

/**
 * A stand-in is told of no locale while all is as NixOS has it anyway: that would cost each image the 220 MB that all
 * locales take together, since Debian has no package of a single one. Declared all the same, it counts as unproven.
 */
const isDeclared = ({ defaultLocale, extraLocaleSettings }: Locale): boolean =>
  defaultLocale !== usualLocale || Object.keys(extraLocaleSettings).length > 0;

/** Locales are named by these variables; LANGUAGE is a list of languages: locale.conf(5). */
const namedBy = (locale: Locale): string[] => [
  locale.defaultLocale,
  ...Object.entries(locale.extraLocaleSettings).flatMap(([name, value]) =>
    name === 'LANGUAGE' ? [] : [value],
  ),
];

/** systemd reads locale.conf(5) for its services, pam_env /etc/default/locale for those who log in. */
export function realiseLocale(locale: Locale): Realisation {
  if (!isDeclared(locale)) return {};
  const lines = Object.entries({ LANG: locale.defaultLocale, ...locale.extraLocaleSettings }).map(
    ([name, value]) => `${name}=${value}`,
  );
  return {
    packages: namedBy(locale).every((name) => builtIn.has(name)) ? [] : ['locales-all'],
    files: [textFile('/etc/locale.conf', lines), textFile('/etc/default/locale', lines)],
  };
}

/** What systemd tells its services, and what the C library says to a name that it does not have. */
export function localeProbes(locale: Locale): Probe[] {
  if (!isDeclared(locale)) return [];
  const extra = Object.entries(locale.extraLocaleSettings);
  return [
    toldProbe('LANG', locale.defaultLocale, 'i18n.defaultLocale'),
    knownProbe('LANG', locale.defaultLocale, 'i18n.defaultLocale'),
    ...extra.flatMap(([name, value]) => [
      toldProbe(name, value, 'i18n.extraLocaleSettings'),
      ...(name === 'LANGUAGE' ? [] : [knownProbe(name, value, 'i18n.extraLocaleSettings')]),
    ]),
  ];
}

const toldProbe = (variable: string, value: string, option: string): Probe =>
  commandOutput.probe({
    id: `system/locale-${variable}`,
    params: { command: `systemctl show-environment | sed -n ${quote(`s/^${variable}=//p`)}`, output: value },
    title: `services are told that ${variable} is ${value}`,
    proves: [option],
    faults: [
      {
        id: `locale-other/${variable}`,
        title: `services are told that ${variable} is ${other(value)}`,
        commands: [`systemctl set-environment ${quote(`${variable}=${other(value)}`)}`],
        seen: `^${literally(other(value))}$`,
      },
    ],
  });

const other = (value: string): string => (value === 'C.UTF-8' ? 'POSIX' : 'C.UTF-8');

/** Every folder of locales is covered by an empty one. */
const noLocales: Omit<ProbeFault, 'seen'> = {
  id: 'locales-absent',
  title: 'no locales are installed',
  commands: [
    'for folder in /usr/lib/locale /run/current-system/sw/lib/locale; do',
    '  if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$(readlink -f "$folder")"; fi',
    'done',
  ],
};

const knownProbe = (variable: string, value: string, option: string): Probe =>
  commandOutput.probe({
    id: `system/locale-${variable}-known`,
    params: {
      // It complains on standard error of a locale that is not there, and ends well all the same.
      command: `LC_ALL=${quote(value)} locale charmap 2>&1 >/dev/null | head -n 1`,
      output: '',
    },
    title: `the locale ${value} is installed`,
    proves: [option],
    // What the C library has by itself cannot be taken from it.
    faults: builtIn.has(value) ? [] : [{ ...noLocales, seen: '^locale: Cannot set LC_' }],
  });
