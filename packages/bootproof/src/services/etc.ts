import { nix, text } from '../nix/expression.ts';
import { attrNameText } from '../nix/show.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { fileStatus, fileText } from '../probes/kinds/file.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import type { ImageFile } from './recipe.ts';
import { defineService, notRealised, textFile } from './service.ts';

const source = 'nixos/modules/system/etc/etc.nix';
const realised = { source, verdict: 'provable' } as const;

const entry = types.submodule({
  enable: option({
    type: types.bool,
    default: true,
    description: 'Whether the file is there.',
    ...realised,
  }),
  target: option({
    type: types.str,
    default: (_config, { name }) => name,
    defaultText: '<name>',
    example: 'app/settings.conf',
    description: 'The path of the file below /etc.',
    ...realised,
  }),
  text: option({
    type: types.nullOr(types.lines),
    default: null,
    example: 'A homelab machine.\n',
    description: "The file's text; null: it comes from `source`.",
    ...realised,
  }),
  source: option({
    type: types.nullOr(types.path),
    default: null,
    defaultText: 'a file with the text',
    description: 'The file that it is a link to, or a copy of.',
    source,
    verdict: notRealised('the stand-in has the files that are declared by their text alone'),
  }),
  mode: option({
    type: types.str,
    default: 'symlink',
    example: '0600',
    description: 'The mode of a copy, in octal; `symlink`: a link to a file that all may read.',
    ...realised,
  }),
  user: option({
    type: types.str,
    default: '+0',
    example: 'alice',
    description: 'The owner of a copy: a name, or an id after a plus sign.',
    ...realised,
  }),
  group: option({
    type: types.str,
    default: '+0',
    example: 'users',
    description: 'The group of a copy: a name, or an id after a plus sign.',
    ...realised,
  }),
});

const options = {
  environment: {
    etc: option({
      type: types.attrsOf(entry),
      default: {},
      example: { motd: { text: 'A homelab machine.\n' } },
      description: 'Files below /etc, by name.',
      ...realised,
    }),
  },
};

type Entry = ResolvedOf<typeof options>['environment']['etc'][string];

/** A file with its text, as far as that is known here. */
interface KnownFile {
  readonly name: string;
  readonly path: string;
  readonly contents: string;
  readonly entry: Entry;
}

/** Files below /etc that the host declares by their text. */
export const etc = defineService({
  name: 'etc',
  description: 'Files below /etc.',
  options,

  realise({ environment: { etc: entries } }) {
    const files = knownFiles(entries);
    const owned = files.filter(({ entry }) => isCopy(entry) && !isRoots(entry));
    return {
      files: [
        ...files.map(
          ({ path, contents, entry }): ImageFile => ({
            type: 'file',
            path,
            mode: modeOf(entry),
            text: contents,
          }),
        ),
        // An image's own files are root's: their owners follow when users are there, before anything reads them.
        ...(owned.length === 0 ? [] : [textFile('/etc/tmpfiles.d/etc-owners.conf', owned.map(ownerLine))]),
      ],
    };
  },

  probes({ environment: { etc: entries } }) {
    return [...knownFiles(entries).flatMap(fileProbes), ...absentProbes(entries)];
  },

  nixosTest: ({ environment }) => ({
    let: {
      targets: nix`map (each: each.target) (
        lib.filter (each: each.enable) (lib.attrValues ${environment.etc})
      )`,
    },
    steps: [
      {
        title: 'every declared file below /etc is there',
        when: nix`targets != [ ]`,
        lines: [
          text`for etc_target in ${nix`builtins.toJSON targets`}:`,
          "    machine.succeed(f\"test -e '/etc/{etc_target}' -o -L '/etc/{etc_target}'\")",
        ],
      },
    ],
  }),
});

const knownFiles = (entries: Readonly<Record<string, Entry>>): KnownFile[] =>
  Object.entries(entries).flatMap(([name, entry]) =>
    entry.enable && entry.text !== null
      ? [{ name, path: pathOf(name, entry), contents: entry.text, entry }]
      : [],
  );

/** A target that only Nix knows leaves the name. */
const pathOf = (name: string, { target }: Entry): string => `/etc/${target ?? name}`;
const isCopy = ({ mode }: Entry): boolean => mode !== 'symlink';
const isRoots = ({ user, group }: Entry): boolean =>
  ['+0', 'root'].includes(user) && ['+0', 'root'].includes(group);

/** A link's end is a file of Nix's store, which nobody may write. */
const modeOf = (entry: Entry): number => (isCopy(entry) ? Number.parseInt(entry.mode, 8) : 0o444);

/** tmpfiles.d(5): `z` sets mode and owners of what is there; ids stand without the plus sign. */
function ownerLine({ path, entry: { mode, user, group } }: KnownFile): string {
  const id = (owner: string): string => owner.replace(/^\+/, '');
  return `z "${path.replaceAll(/["\\]/g, '\\$&')}" ${mode} ${id(user)} ${id(group)}`;
}

function fileProbes({ name, path, contents, entry }: KnownFile): Probe[] {
  const of = (option: string): string => `environment.etc.${attrNameText(name)}.${option}`;
  const content = fileText.probe({
    id: `etc/${name}`,
    params: { path, text: contents },
    proves: ['enable', 'target', 'text'].map(of),
  });
  const status = fileStatus.probe({
    id: `etc/${name}-mode`,
    params: {
      path,
      type: 'file',
      mode: isCopy(entry) ? entry.mode : '444',
      // Owners count for copies alone.
      user: isCopy(entry) ? entry.user : '+0',
      group: isCopy(entry) ? entry.group : '+0',
    },
    proves: ['mode', ...(isCopy(entry) ? ['user', 'group'] : [])].map(of),
  });
  return [content, status];
}

/** What is declared and turned off is not there. */
const absentProbes = (entries: Readonly<Record<string, Entry>>): Probe[] =>
  Object.entries(entries).flatMap(([name, entry]) => {
    if (entry.enable) return [];
    const path = pathOf(name, entry);
    return [
      commandOutput.probe({
        id: `etc/${name}-absent`,
        params: { command: `test -e ${quote(path)} || echo absent`, output: 'absent' },
        title: `there is no ${path}`,
        proves: [`environment.etc.${attrNameText(name)}.enable`],
        faults: [
          {
            id: `file-added${path}`,
            title: `${path} is there`,
            commands: [`mkdir -p "$(dirname ${quote(path)})"`, `: > ${quote(path)}`],
            seen: '^$',
          },
        ],
      }),
    ];
  });
