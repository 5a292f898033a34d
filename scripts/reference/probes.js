/** The page of the kinds of probe. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { code, prose } from './markdown.js';
import { dist, load } from './package.js';

const makers = await load('probes/makers.js');

const needs = {
  shell: 'a way to run commands in the machine: SSH, else the guest agent',
  ssh: 'SSH',
  agent: 'the guest agent',
  console: 'the serial console',
  hardware: 'the machine from outside',
  image: 'the image, before it is booted',
};

/** What the type declarations say of each kind, which is gone at run time: its sentence, and its parameters. */
function declaredKinds() {
  const kinds = new Map();
  const folder = join(dist, 'probes/kinds');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    const pattern =
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport declare const (\w+): [^;{]*?ProbeMaker<"[\w-]+", ([\s\S]*?)>;\n(?=\/\*\*|export|interface|type|$)/g;
    for (const [, comment, name, params] of text.matchAll(pattern)) {
      const words = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
      kinds.set(name, { words, params: parametersOf(params, text) });
    }
  }
  return kinds;
}

/** The parameters of a kind by name, each with its type and what is said of it. */
function parametersOf(params, text) {
  // Named types stand for their members, also where they are joined with others.
  const body = params.replaceAll(
    /(^|& )(\w+)(?= &|$)/g,
    (_all, joint, name) =>
      joint +
      (new RegExp(`(?:interface ${name}|type ${name} =) \\{([\\s\\S]*?)\\n\\}`).exec(text)?.[1] ?? ''),
  );
  const members = body.matchAll(/(?:\/\*\*\s*(.*?)\s*\*\/\s*)?readonly (\w+)(\??): ([^;]+);/g);
  return [...members].map(([, words, name, optional, type]) => ({
    name,
    optional: optional === '?',
    type: new RegExp(`^type ${type} = (.*);$`, 'm').exec(text)?.[1] ?? type,
    words,
    // A set of parameters inside of one.
    members: new RegExp(`(?:interface ${type}|type ${type} =) \\{`).test(text)
      ? parametersOf(type, text)
      : [],
  }));
}

/** The values that a parameter can have, where they are listed; otherwise a stand-in for any. It prints as {name}. */
function samples({ name, type, members }) {
  if (members.length > 0) return [Object.fromEntries(members.map((each) => [each.name, samples(each)[0]]))];
  const listed = type.split(' | ');
  if (type === 'string') return [`{${name}}`];
  return listed.every((value) => /^'[^']*'$/.test(value))
    ? listed.map((value) => value.slice(1, -1))
    : [[`{${name}}`]];
}

/** Every wording that a kind has for a title or a hint. */
function wordings(make, parameters) {
  const choices = parameters.reduce(
    (sets, parameter) =>
      sets.flatMap((set) => samples(parameter).map((value) => ({ ...set, [parameter.name]: value }))),
    [{}],
  );
  return [...new Set(choices.map((set) => make(set)))];
}

function probeText(name, maker, { words, params }) {
  const listed = (label, texts) =>
    texts.length === 1
      ? [`- ${label}: ${prose(texts[0])}`]
      : [`- ${label}:`, ...texts.map((text) => `  - ${prose(text)}`)];
  return [
    `## ${code(`probes.${name}`)}`,
    '',
    prose(words),
    '',
    `- Kind: ${code(maker.kind)}`,
    `- Needs: ${maker.needs.map((need) => needs[need] ?? need).join('; ')}`,
    ...listed('Proves that', wordings(maker.title, params)),
    ...listed('When it fails', wordings(maker.hint, params)),
    ...(params.length === 0 ? ['- Parameters: none'] : ['- Parameters:']),
    ...params.map(
      (each) =>
        `  - ${code(each.name)}${each.optional ? ' (may be left out)' : ''}: ${code(each.type)}${each.words === undefined ? '' : `. ${prose(each.words)}`}`,
    ),
    '',
  ];
}

export function probesPage() {
  const declared = declaredKinds();
  const names = Object.keys(makers).sort();
  const missing = names.filter((name) => !declared.has(name));
  if (missing.length > 0) {
    throw new Error(`the declarations say nothing of ${missing.join(', ')}: does each have a comment?`);
  }
  return [
    '# Kinds of probe',
    '',
    `The ${names.length} kinds of check that a plan can hold. Services make probes of them as a host's options imply.`,
    "A host's own test.ts adds more with the makers below, in `extraProbes` of `makeTest`:",
    '',
    '```ts',
    'probes.unit.probe({',
    "  id: 'own/modules',",
    "  params: { unit: 'systemd-modules-load.service' },",
    "  proves: ['boot.kernelModules'],",
    "  after: ['boot/multi-user'], // optional: probes that must have passed first",
    '  deadlineSeconds: 20, // optional: how long the answer may take, once it can be asked for',
    '})',
    '```',
    '',
    '`{name}` in a sentence stands for the parameter of that name.',
    '',
    ...names.flatMap((name) => probeText(name, makers[name], declared.get(name))),
  ];
}
