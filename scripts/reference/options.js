/** What the reference says of options. */
import { code, prose, source } from './markdown.js';
import { load } from './package.js';

const { nodeOf } = await load('nix/node.js');
const { walkOptions } = await load('options/option.js');

/** The options of a service by path, each once: a type that wraps a submodule can lead to its options on two ways. */
export const optionsOf = (service) =>
  new Map([...walkOptions(service.options)].map(({ path, option }) => [path.join('.'), option]));

function defaultText({ default: value, defaultText: words, type }) {
  const isPlain = value !== undefined && typeof value !== 'function' && nodeOf(value) === undefined;
  if (isPlain && words !== undefined) return `${code(source(value))}, which means ${code(words)}`;
  if (words !== undefined) return code(words);
  if (isPlain) return code(source(value));
  if (value !== undefined) return typeof value === 'function' ? 'made of other options' : code(source(value));
  return type.empty === undefined ? 'none: it must be set' : 'what its members have';
}

/** An option under a heading of its own. */
export function optionText(path, option) {
  const { description, example, source: from, verdict, type } = option;
  return [
    `### ${code(path)}`,
    '',
    prose(description),
    '',
    `- Type: ${prose(type.description)}`,
    `- Default: ${defaultText(option)}`,
    ...(example === undefined ? [] : [`- Example: ${code(source(example))}`]),
    ...(from === undefined ? [] : [`- Source: ${code(from)}`]),
    `- Proof: ${verdictText(verdict)}`,
    '',
  ];
}

/** What becomes of an option's proof. */
function verdictText(verdict) {
  if (verdict === 'provable') return 'on the stand-in and on NixOS';
  if ('nixosOnly' in verdict) return `on NixOS only: ${prose(verdict.nixosOnly)}`;
  if ('notProvable' in verdict) return `none: ${prose(verdict.notProvable)}`;
  return `none yet: ${prose(verdict.notRealised)}`;
}
