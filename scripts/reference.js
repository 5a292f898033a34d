// Writes docs/reference from the built package, so that it cannot say anything that the code does not: every option
// with its record, and every kind of probe with its parameters. With --check it writes nothing, and fails when the files
// are not what it would write. Run `make build` first.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(repository, 'packages/bootproof/dist');
const target = join(repository, 'docs/reference');
const notice = '<!-- Made by `node scripts/reference.js`. Edit the sources, not this file. -->';

const load = (file) => import(pathToFileURL(join(dist, file)).href);

if (!existsSync(join(dist, 'index.js'))) {
  process.stderr.write('reference: the package is not built. Run `make build` first.\n');
  process.exit(3);
}

const { services } = await load('services/catalogue.js');
const { walkOptions } = await load('options/option.js');
const { showValue } = await load('nix/show.js');
const { nodeOf } = await load('nix/node.js');
const makers = await load('probes/makers.js');

/** A value as it is written in a module: TypeScript, whole. */
function source(value) {
  if (nodeOf(value) !== undefined) return showValue(value);
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(source).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([name, member]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : source(name)}: ${source(member)}`,
    );
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return String(value);
}

/** A piece of code within a line, whatever backticks it holds. */
function code(text) {
  if (!text.includes('`')) return `\`${text}\``;
  return `\`\` ${text} \`\``;
}

/** Prose as Markdown: what looks like a tag is shown, and not taken for one. Code within it is left alone. */
const prose = (text) =>
  text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 0 ? part.replaceAll('<', '\\<').replaceAll('*', '\\*') : part))
    .join('');

const anchor = (name) => name.toLowerCase().replaceAll(/[^\w]+/g, '-');

function defaultText({ default: value, defaultText: words, type }) {
  const isPlain = value !== undefined && typeof value !== 'function' && nodeOf(value) === undefined;
  if (isPlain && words !== undefined) return `${code(source(value))}, which means ${code(words)}`;
  if (words !== undefined) return code(words);
  if (isPlain) return code(source(value));
  if (value !== undefined) return typeof value === 'function' ? 'made of other options' : code(source(value));
  return type.empty === undefined ? 'none: it must be set' : 'what its members have';
}

function optionText(path, option) {
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

/** The options of a service, each once: a type that wraps a submodule can lead to its options on two ways. */
const optionsOf = (service) =>
  new Map([...walkOptions(service.options)].map(({ path, option }) => [path.join('.'), option]));

function optionsPage() {
  const perService = services.map((service) => ({ service, options: optionsOf(service) }));
  const all = perService.flatMap(({ options }) => [...options.values()]);
  const provable = all.filter(({ verdict }) => verdict === 'provable').length;
  return [
    notice,
    '',
    '# Options',
    '',
    `The typed surface: ${all.length} options, of which ${provable} can be proven on the stand-in image.`,
    'Names, types and defaults are those of NixOS 25.11 and of disko v1.13.0.',
    'A source is a file of nixpkgs, or of disko where it says so.',
    '',
    'What a host declares and the stand-in does not realise is listed by `bootproof plan`, with the reason.',
    'An option that is not here is declared under `freeform`, and seen by Nix alone.',
    '',
    'In a path, `<name>` stands for a name that you choose, and `*` for each item of a list.',
    '',
    ...perService.map(
      ({ service, options }) =>
        `- [${service.name}](#${anchor(service.name)}): ${service.description} ${options.size} options.`,
    ),
    '',
    ...perService.flatMap(({ service, options }) => [
      `## ${service.name}`,
      '',
      service.description,
      '',
      ...[...options].flatMap(([path, option]) => optionText(path, option)),
    ]),
  ];
}

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

function probesPage() {
  const declared = declaredKinds();
  const names = Object.keys(makers).sort();
  const missing = names.filter((name) => !declared.has(name));
  if (missing.length > 0) {
    throw new Error(`the declarations say nothing of ${missing.join(', ')}: does each have a comment?`);
  }
  return [
    notice,
    '',
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

const pages = { 'options.md': optionsPage(), 'probes.md': probesPage() };
const isCheck = process.argv.includes('--check');
const stale = [];
for (const [name, lines] of Object.entries(pages)) {
  const file = join(target, name);
  const text = `${lines.join('\n').trimEnd()}\n`;
  const current = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (current === text) continue;
  stale.push(name);
  if (isCheck) continue;
  mkdirSync(target, { recursive: true });
  writeFileSync(file, text);
}
if (isCheck && stale.length > 0) {
  process.stderr.write(
    `reference: docs/reference/${stale.join(' and ')} is not what the code says. Run \`node scripts/reference.js\`.\n`,
  );
  process.exitCode = 1;
} else {
  const done = isCheck ? 'as the code says' : stale.length === 0 ? 'unchanged' : `wrote ${stale.join(', ')}`;
  process.stdout.write(`reference: ${done}\n`);
}
