import { exactly } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';

interface Rule {
  readonly type: string;
  readonly path: string;
  readonly mode: string;
  readonly user: string;
  readonly group: string;
  readonly argument: string;
}

/** A command and what it prints where a rule was followed. */
interface Look {
  readonly command: string;
  readonly output: string;
  readonly title: string;
  readonly faults: readonly ProbeFault[];
}

/** The fields of a line of tmpfiles.d(5); undefined for one that cannot be read without systemd's own rules. */
function parseRule(line: string): Rule | undefined {
  if (/["'\\%]/.test(line)) return undefined;
  const [type = '', path = '', mode = '-', user = '-', group = '-', , ...rest] = line.trim().split(/\s+/);
  const letter = type.charAt(0);
  // Modifiers say when a line counts and what a failure means; of these, those change nothing of the result at boot.
  if (!/^[!+-]*$/.test(type.slice(1)) || !path.startsWith('/') || /[~:]/.test(`${mode}${user}${group}`)) {
    return undefined;
  }
  const argument = rest.join(' ');
  return { type: letter, path, mode, user, group, argument: argument === '-' ? '' : argument };
}

const orDefault = (field: string, otherwise: string): string => (field === '-' ? otherwise : field);

/** Mode, owner and group as `stat` prints them, and faults of each. */
interface Ownership {
  readonly format: string;
  readonly output: string;
  readonly faults: readonly ProbeFault[];
}

/** With the defaults of tmpfiles.d(5). `rest` is what the probe prints after them. */
function ownershipOf({ path, ...rule }: Rule, defaultMode: string, rest: readonly string[]): Ownership {
  const [user, group] = [orDefault(rule.user, 'root'), orDefault(rule.group, 'root')];
  const mode = Number.parseInt(orDefault(rule.mode, defaultMode), 8).toString(8);
  const isNumber = (name: string): boolean => /^\d+$/.test(name);
  const form = (name: string, letter: string) => `%${isNumber(name) ? letter : letter.toUpperCase()}`;
  const beside = (name: string, another: string): string =>
    isNumber(name) ? (name === '0' ? '65534' : '0') : name === 'root' ? another : 'root';
  const fault = (what: string, command: string, words: readonly string[]): ProbeFault => ({
    id: `tmpfiles-${what}${path}`,
    title: `${path} has another ${what}`,
    commands: [`${command} ${quote(path)}`],
    seen: exactly(words.join(' '), ...rest),
  });
  const others = {
    mode: mode === '700' ? '755' : '700',
    user: beside(user, 'nobody'),
    group: beside(group, 'nogroup'),
  };
  return {
    format: `%a ${form(user, 'u')} ${form(group, 'g')}`,
    output: `${mode} ${user} ${group}`,
    faults: [
      fault('mode', `chmod ${others.mode}`, [others.mode, user, group]),
      fault('owner', `chown ${quote(others.user)}`, [mode, others.user, group]),
      fault('group', `chgrp ${quote(others.group)}`, [mode, user, others.group]),
    ],
  };
}

/** What a rule made is gone, and with it all that is below. */
const gone = (path: string): ProbeFault => ({
  id: `tmpfiles-gone${path}`,
  title: `${path} is not there`,
  commands: [`mv ${quote(path)} ${quote(`${path}.mutation`)}`],
  seen: 'No such file or directory$',
});

function lookFor(rule: Rule): Look | undefined {
  const path = quote(rule.path);
  if ('dD'.includes(rule.type)) {
    const { format, output, faults } = ownershipOf(rule, '0755', []);
    return {
      command: `test -d ${path} || echo 'no folder'; stat -c '${format}' ${path}`,
      output,
      title: `${rule.path} is a folder: ${output}`,
      faults,
    };
  }
  if ('fF'.includes(rule.type)) return lookForFile(rule);
  if (rule.type === 'L' && rule.argument !== '') {
    return {
      command: `readlink -v ${path}`,
      output: rule.argument,
      title: `${rule.path} is a link to ${rule.argument}`,
      faults: [
        {
          id: `tmpfiles-target${rule.path}`,
          title: `${rule.path} is a link to something else`,
          commands: [`ln -sfn /mutation ${path}`],
          seen: exactly('/mutation'),
        },
      ],
    };
  }
  if ('rR'.includes(rule.type) && !/[*?[]/.test(rule.path)) {
    return {
      command: `test -e ${path} && echo present || echo absent`,
      output: 'absent',
      title: `${rule.path} is absent`,
      faults: [
        {
          id: `tmpfiles-left${rule.path}`,
          title: `${rule.path} is there`,
          commands: [`mkdir -p ${path}`],
          seen: exactly('present'),
        },
      ],
    };
  }
  return undefined;
}

function lookForFile(rule: Rule): Look {
  const path = quote(rule.path);
  const text = rule.argument === '' ? [] : [rule.argument];
  const { format, output, faults } = ownershipOf(rule, '0644', text);
  return {
    command: `test -f ${path} || echo 'no file'; stat -c '${format}' ${path}${text.length === 0 ? '' : ` && cat ${path}`}`,
    output: [output, ...text].join('\n'),
    title: `${rule.path} is a file: ${output}`,
    faults: [
      ...faults,
      ...text.map(() => ({
        id: `tmpfiles-text${rule.path}`,
        title: `${rule.path} says something else`,
        commands: [`echo mutation > ${path}`],
        seen: exactly(output, 'mutation'),
      })),
    ],
  };
}

/** The paths that a rule needs: its own, and folders above it that other rules make. */
const neededBy = (rule: Rule, all: readonly (Rule | undefined)[]): string[] =>
  'rR'.includes(rule.type)
    ? []
    : [rule, ...all].flatMap((each, index) =>
        each !== undefined &&
        (index === 0 || ('dD'.includes(each.type) && rule.path.startsWith(`${each.path}/`)))
          ? [each.path]
          : [],
      );

/** A probe for each rule that shows in the file system. They prove the option where that is each of the rules. */
export function tmpfilesProbes(rules: readonly string[]): Probe[] {
  const lines = [...new Set(rules.map((rule) => rule.trim()))].filter(
    (rule) => rule !== '' && !rule.startsWith('#'),
  );
  const parsed = lines.map(parseRule);
  const looks = parsed.map((rule) => {
    const look = rule === undefined ? undefined : lookFor(rule);
    if (rule === undefined || look === undefined) return undefined;
    return { ...look, faults: [...look.faults, ...neededBy(rule, parsed).map(gone)] };
  });
  const proves = looks.includes(undefined) ? [] : ['systemd.tmpfiles.rules'];
  return looks.flatMap((look, index) =>
    look === undefined
      ? []
      : [
          commandOutput.probe({
            id: `systemd/tmpfiles-${index}`,
            params: { command: look.command, output: look.output },
            title: look.title,
            proves,
            after: ['boot/multi-user'],
            faults: look.faults,
          }),
        ],
  );
}
