import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

/** Where two texts part: the first line that differs, or that one of them lacks. */
export function firstDifference(expected: string, seen: string): string {
  const [wanted, there] = [expected.split('\n'), seen.split('\n')];
  const index = wanted.findIndex((line, at) => line !== there[at]);
  if (index === -1) return `more after line ${wanted.length}: ${JSON.stringify(there[wanted.length] ?? '')}`;
  return `line ${index + 1}: ${there[index] === undefined ? 'none' : JSON.stringify(there[index])}`;
}

/** A text file holds exactly this text. */
export const fileText = defineProbeKind<'file-text', { readonly path: string; readonly text: string }>({
  kind: 'file-text',
  needs: ['shell'],
  title: ({ path }) => `${path} holds the declared text`,
  hint: ({ path }) => `In the machine: cat ${path}`,
  async observe(target, { path, text }) {
    const seen = await target.readFile(path);
    return settled(seen === text, {
      expected: text,
      seen: seen === undefined ? `no file ${path}` : seen === text ? text : firstDifference(text, seen),
      evidence: [{ source: path, text: seen ?? 'absent' }],
    });
  },
});

export interface FileStatusParams {
  readonly [key: string]: string;
  readonly path: string;
  readonly type: 'file' | 'folder';
  /** Octal, leading zeros or not: `0640`. Empty: any. */
  readonly mode: string;
  /** A name, or an id after a plus sign: `+0`. Empty: any. */
  readonly user: string;
  /** As `user`. */
  readonly group: string;
}

/** What stat(1) calls the types that can be declared. */
const typeNames: Readonly<Record<string, string>> = {
  'regular file': 'file',
  'regular empty file': 'file',
  directory: 'folder',
};

const octal = (mode: string): string => mode.replace(/^0+(?=.)/, '');

/** A file or a folder has its mode and its owners; a link is followed. */
export const fileStatus = defineProbeKind<'file-status', FileStatusParams>({
  kind: 'file-status',
  needs: ['shell'],
  title: ({ path, type, mode, user, group }) =>
    [
      `${path} is a ${type}`,
      ...(mode === '' ? [] : [` of mode ${octal(mode)}`]),
      ...(user === '' && group === ''
        ? []
        : [`, of ${[user, group].filter((name) => name !== '').join(' and ')}`]),
    ].join(''),
  hint: ({ path }) => `In the machine: ls -lLd ${path}`,
  async observe(target, { path, type, mode, user, group }) {
    const command = `LC_ALL=C stat -L -c '%a %U +%u %G +%g %F' ${quote(path)}`;
    const { stdout, stderr, exitCode } = await target.execute(command);
    const [seenMode = '', userName = '', uid = '', groupName = '', gid = '', ...kind] = stdout
      .trim()
      .split(' ');
    const seenType = typeNames[kind.join(' ')] ?? kind.join(' ');
    const holds =
      exitCode === 0 &&
      seenType === type &&
      ['', seenMode].includes(octal(mode)) &&
      ['', userName, uid].includes(user) &&
      ['', groupName, gid].includes(group);
    return settled(holds, {
      expected: [type, octal(mode), user, group].filter((word) => word !== '').join(', '),
      seen:
        exitCode === 0
          ? [
              seenType,
              seenMode,
              user.startsWith('+') ? uid : userName,
              group.startsWith('+') ? gid : groupName,
            ].join(', ')
          : stderr.trim() || `exit status ${exitCode}`,
      evidence: [{ source: command, text: `${stdout}${stderr}`.trim() }],
    });
  },
});
