/** The pages of the services, their index, and the index of all options. */
import { relative } from 'node:path';
import { exampleOf } from './examples.js';
import { anchors, code, link, literal, prose } from './markdown.js';
import { optionsOf, optionText } from './options.js';
import { load } from './package.js';

const { services } = await load('services/catalogue.js');
const { configReference } = await load('nix/reference.js');
const { attrNameText, attrPathText, parseAttrPath, showValue } = await load('nix/show.js');
const makers = await load('probes/makers.js');

/** The name of a kind's maker, which is the heading of its section. */
const makerOf = new Map(Object.entries(makers).map(([name, { kind }]) => [kind, `probes.${name}`]));

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const listOf = (names) => names.map(code).join(', ');
/** A link from docs/services to a file of the repository. */
const fileLink = (file) => `[${file}](${relative('docs/services', file)})`;

/** Every page by its path below docs/, as lines. */
export function servicePages() {
  const all = services.map((service) => ({
    service,
    options: optionsOf(service),
    example: exampleOf(service),
  }));
  return Object.fromEntries([
    ['services/README.md', indexPage(all)],
    ['reference/options.md', optionsIndex(all)],
    ...all.map((each) => [`services/${each.service.name}.md`, servicePage(each)]),
  ]);
}

const provableOf = (options) => [...options.values()].filter(({ verdict }) => verdict === 'provable').length;

function indexPage(all) {
  const options = all.reduce((sum, each) => sum + each.options.size, 0);
  const provable = all.reduce((sum, each) => sum + provableOf(each.options), 0);
  return [
    '# Services',
    '',
    `The ${all.length} services that bootproof knows, with ${options} options, of which ${provable} can be proven on the stand-in image.`,
    'Names, types and defaults are those of NixOS 25.11 and of disko v1.13.0. Each page says what can be declared, what a stand-in gets',
    'of it, what is proven and how, and shows a host of the examples that uses it.',
    '',
    '| service | what it is | options | provable | example |',
    '| --- | --- | --- | --- | --- |',
    ...all.map(
      ({ service, options: own, example }) =>
        `| [${service.name}](${service.name}.md) | ${prose(service.description)} | ${own.size} | ${provableOf(own)} | ${example.host.name} |`,
    ),
    '',
    `The [index of all options](../reference/options.md) leads to each. What is missing, [a homelab adds](../writing-services.md#a-service-of-your-own-homelab).`,
  ];
}

function optionsIndex(all) {
  const entries = all.flatMap(({ service, options }) => {
    const paths = [...options.keys()];
    const marks = anchors([service.name, ...sections, ...paths]).slice(1 + sections.length);
    return paths.map((path, index) => ({ path, target: `../services/${service.name}.md#${marks[index]}` }));
  });
  return [
    '# Options',
    '',
    `All ${entries.length} options of the typed surface, each with the page of [its service](../services/README.md).`,
    'In a path, `<name>` stands for a name that you choose, and `*` for each item of a list. An option that is not here is declared',
    'under `freeform`, and seen by Nix alone.',
    '',
    ...entries
      .sort((left, right) => (left.path < right.path ? -1 : 1))
      .map(({ path, target }) => `- [${code(path)}](${target})`),
  ];
}

/** The headings of a service's page before those of its options. */
const sections = ['An example', 'On the stand-in', 'What is proven', 'In the NixOS test', 'Options'];

function servicePage({ service, options, example }) {
  const [declaration, standIn, proven, nixosTest, all] = sections;
  return [
    `# ${service.name}`,
    '',
    prose(service.description),
    '',
    `${count(options.size, 'option')}, of which ${provableOf(options) || 'none'} can be proven on the stand-in image.`,
    '',
    `## ${declaration}`,
    '',
    `What ${example.host.name} of the examples declares, as it is after merging, from ${example.files.map(fileLink).join(' and ')}:`,
    '',
    '```ts',
    ...literal(example.declaration),
    '```',
    '',
    `## ${standIn}`,
    '',
    ...realisedText(example),
    '',
    `## ${proven}`,
    '',
    ...provenText(example),
    '',
    `## ${nixosTest}`,
    '',
    ...nixosTestText(service),
    '',
    `## ${all}`,
    '',
    'A source is a file of nixpkgs, or of disko where it says so. `<name>` stands for a name that you choose, `*` for each item of a list.',
    '',
    ...[...options].flatMap(([path, option]) => optionText(path, option)),
  ];
}

function realisedText({
  host,
  realisation: { packages = [], files = [], initrdModules = [], kernelParams = [] },
}) {
  const plain = [
    ...(packages.length === 0 ? [] : [`- Debian packages: ${listOf(packages)}`]),
    ...(initrdModules.length === 0 ? [] : [`- Kernel modules in the initrd: ${listOf(initrdModules)}`]),
    ...(kernelParams.length === 0 ? [] : [`- Kernel parameters: ${listOf(kernelParams)}`]),
    ...files.map((file) => `- ${code(file.path)}: ${fileWords(file)}`),
  ];
  if (plain.length === 0) return [`It brings no package and no file to the image of ${host.name}.`];
  return [`What it brings to the image of ${host.name}:`, '', ...plain];
}

function fileWords(file) {
  if (file.type === 'symlink') return `a link to ${code(file.target)}`;
  if (file.type === 'absent') return 'taken away';
  const mode = file.mode.toString(8).padStart(4, '0');
  return file.type === 'directory' ? `a folder of mode ${mode}` : `a file of mode ${mode}`;
}

function provenText({ host, probes }) {
  if (probes.length === 0) return [`${host.name} has no probe of it.`];
  return [
    `By ${count(probes.length, 'probe')} on ${host.name}:`,
    '',
    ...probes.map(({ title, kind, proves }) => {
      const name = makerOf.get(kind) ?? kind;
      const claims = proves.length === 0 ? 'whatever was declared' : pathsText(proves);
      return `- ${prose(title)} (${link(code(name), '../reference/probes.md', name)}): ${claims}`;
    }),
  ];
}

/** Paths of options; those of one set together: `users.users.alice.{home, shell}`. */
function pathsText(paths) {
  const sets = new Map();
  for (const segments of paths.map(parseAttrPath)) {
    const around = attrPathText(segments.slice(0, -1));
    sets.set(around, [...(sets.get(around) ?? []), attrNameText(segments.at(-1))]);
  }
  return listOf(
    [...sets].map(([around, members]) => {
      const inner = members.length === 1 ? members[0] : `{${members.join(', ')}}`;
      return around === '' ? inner : `${around}.${inner}`;
    }),
  );
}

function nixosTestText(service) {
  const part = service.nixosTest(configReference());
  const generated = fileLink('config/nix/tests/make-test.nix');
  if ('notTested' in part) return [`Not tested there: ${prose(part.notTested)}.`];
  return [
    `Its part of ${generated} shows that:`,
    '',
    ...part.steps.map(({ title, when }) => {
      const condition = when === undefined ? '' : showValue(when);
      // An expression of Nix is to be read in the file itself.
      return condition.startsWith('config.')
        ? `- ${prose(title)}, when ${code(condition)}`
        : `- ${prose(title)}`;
    }),
  ];
}
