import { commandOutput } from '../probes/kinds/command-output.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';

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

/** Mode, owner and group as `stat` prints them, with the defaults of tmpfiles.d(5). */
function ownership({ mode, user, group }: Rule, defaultMode: string): { format: string; output: string } {
  const [owner, owners] = [orDefault(user, 'root'), orDefault(group, 'root')];
  const form = (name: string, letter: string) =>
    /^\d+$/.test(name) ? `%${letter}` : `%${letter.toUpperCase()}`;
  return {
    format: `%a ${form(owner, 'u')} ${form(owners, 'g')}`,
    output: `${Number.parseInt(orDefault(mode, defaultMode), 8).toString(8)} ${owner} ${owners}`,
  };
}

function lookFor(rule: Rule): Look | undefined {
  const path = quote(rule.path);
  if ('dD'.includes(rule.type)) {
    const { format, output } = ownership(rule, '0755');
    return {
      command: `test -d ${path} && stat -c '${format}' ${path}`,
      output,
      title: `${rule.path} is a folder: ${output}`,
    };
  }
  if ('fF'.includes(rule.type)) {
    const { format, output } = ownership(rule, '0644');
    return {
      command: `test -f ${path} && stat -c '${format}' ${path}${rule.argument === '' ? '' : ` && cat ${path}`}`,
      output: rule.argument === '' ? output : `${output}\n${rule.argument}`,
      title: `${rule.path} is a file: ${output}`,
    };
  }
  if (rule.type === 'L' && rule.argument !== '') {
    return {
      command: `readlink ${path}`,
      output: rule.argument,
      title: `${rule.path} is a link to ${rule.argument}`,
    };
  }
  if ('rR'.includes(rule.type) && !/[*?[]/.test(rule.path)) {
    return { command: `test -e ${path} || echo absent`, output: 'absent', title: `${rule.path} is absent` };
  }
  return undefined;
}

/** A probe for each rule that shows in the file system. They prove the option where that is each of the rules. */
export function tmpfilesProbes(rules: readonly string[]): Probe[] {
  const lines = [...new Set(rules.map((rule) => rule.trim()))].filter(
    (rule) => rule !== '' && !rule.startsWith('#'),
  );
  const looks = lines.map((line) => {
    const rule = parseRule(line);
    return rule === undefined ? undefined : lookFor(rule);
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
          }),
        ],
  );
}
