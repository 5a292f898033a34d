import type { Fault } from '../base/errors.ts';
import { isPlainObject } from '../nix/node.ts';
import { isIdentifier } from '../nix/strings.ts';
import { isOption, type Option } from '../options/option.ts';
import { generatorNames } from './nixos-test.ts';
import type { Service } from './service.ts';

/**
 * What the definition of a service lacks. A compiler would say it in the editor; the command loads the file as it is, and
 * must not fall over it.
 */
export function serviceFaults(service: Service, file: string): Fault[] {
  const fault = (details: Omit<Fault, 'files'>): Fault => ({ files: [file], ...details });
  const { name, description, options, nixosTest } = service as Partial<Service>;
  return [
    ...nameFaults(name).map(fault),
    ...(isText(description)
      ? []
      : [
          fault({
            option: 'description',
            reason: 'The service is not described.',
            remedy: "Say in a sentence what it is: description: 'Memcached, a cache.'",
          }),
        ]),
    ...(typeof nixosTest === 'function'
      ? []
      : [
          fault({
            option: 'nixosTest',
            reason: 'The service has no part in the NixOS test, and gives no reason.',
            remedy: "Write one, or say why not: nixosTest: () => ({ notTested: '…' })",
          }),
        ]),
    ...treeFaults(options, []).map(fault),
  ];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function nameFaults(name: unknown): Omit<Fault, 'files'>[] {
  if (!isText(name)) {
    return [{ option: 'name', reason: 'The service has no name.', remedy: "Name it: name: 'memcached'" }];
  }
  const said = { option: 'name', value: JSON.stringify(name) };
  if (!isIdentifier(name)) {
    return [
      {
        ...said,
        reason: 'It becomes the name of a variable of Nix, and cannot be one.',
        remedy: "Use letters, digits, _ and -, not beginning with a digit, and none of Nix's keywords.",
      },
    ];
  }
  if (generatorNames.has(name)) {
    return [
      {
        ...said,
        reason: 'tests/make-test.nix of the flake uses that name itself.',
        remedy: 'Give it a name of its own.',
      },
    ];
  }
  return [];
}

/** What is no option, and what an option lacks. */
function treeFaults(tree: unknown, path: readonly string[]): Omit<Fault, 'files'>[] {
  if (isOption(tree)) return optionFaults(tree, path.join('.'));
  if (!isPlainObject(tree)) return [notAnOption(path)];
  const members = Object.entries(tree);
  if (members.length === 0) return path.length === 0 ? [notAnOption(path)] : [];
  // The record of an option that `option` was not called with.
  if (path.length > 0 && 'type' in tree && 'description' in tree) return [notAnOption(path)];
  return members.flatMap(([name, member]) => treeFaults(member, [...path, name]));
}

const notAnOption = (path: readonly string[]): Omit<Fault, 'files'> => ({
  option: path.length === 0 ? 'options' : path.join('.'),
  reason: path.length === 0 ? 'The service declares no option.' : 'It is no option, and no set of options.',
  remedy: 'Declare one: option({ type: types.bool, description: …, verdict: … })',
});

function optionFaults({ type, description, verdict }: Partial<Option>, path: string): Omit<Fault, 'files'>[] {
  const lacking = (what: string, remedy: string) => ({
    option: path,
    reason: `The option has no ${what}.`,
    remedy,
  });
  return [
    ...(type === undefined ? [lacking('type', 'Give it one: type: types.bool')] : []),
    ...(isText(description) ? [] : [lacking('description', 'Say what it means, in whole sentences.')]),
    ...(verdict === undefined
      ? [
          lacking(
            'verdict',
            "Say what becomes of its proof: verdict: 'provable', or nixosOnly, notProvable or notRealised with the reason.",
          ),
        ]
      : []),
  ];
}
