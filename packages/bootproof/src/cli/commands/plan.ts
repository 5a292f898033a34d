import { writtenAt } from '../../host-tests/host-test.ts';
import type { Test } from '../../plan/test.ts';
import type { Probe } from '../../probes/probe.ts';
import { coverageSentence, formatCoverage } from '../../reports/coverage.ts';
import { styleFor } from '../../reports/display.ts';
import type { TextStyle } from '../../reports/style.ts';
import { displayWidth, pad, wrap } from '../../reports/text.ts';
import { count } from '../../reports/words.ts';
import type { CommandContext } from '../context.ts';
import { openHomelab, planHosts } from '../homelab.ts';
import type { GlobalOptions } from '../homelab-folder.ts';

interface PlanOptions extends GlobalOptions {
  readonly json?: boolean;
  readonly coverage?: boolean;
}

/** Prints what would be proven. As JSON: one plan for one host, a list for several. */
export async function plan(
  names: readonly string[],
  options: PlanOptions,
  _context: CommandContext,
): Promise<number> {
  const tests = (await planHosts(names, await openHomelab(options))).map(({ test }) => test);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(tests.length === 1 ? tests[0] : tests, null, 2)}\n`);
  } else {
    const style = styleFor(process.stdout, process.env);
    const text = options.coverage ? coverageText : planText;
    process.stdout.write(tests.map((test) => text(test, style)).join('\n'));
  }
  return 0;
}

/** A plan for people. */
export function planText(test: Test, style: TextStyle): string {
  const { image, probes } = test;
  const facts = [
    ['hardware', hardwareText(test)],
    ['image', `stand-in on Debian ${image.suite}, ${count(image.packages.length, 'package')} asked for`],
    [
      'disk',
      image.disk.partitions
        .map((each) => `${each.content?.mountpoint ?? each.name} ${each.content?.format ?? ''}`)
        .join(', '),
    ],
  ] as const;
  const lines = [
    style.bold(test.name),
    ...facts.map(([name, text]) => `  ${style.dim(pad(name, 9))} ${text}`),
    '',
    count(probes.length, 'probe'),
    ...probeLines(probes, style),
    ...reasonLines('not realised by the stand-in', test.notRealised, style),
    ...reasonLines('not provable', test.notProvable, style),
    '',
    style.bold(coverageSentence(test.coverage)),
  ];
  return `${lines.join('\n')}\n`;
}

/** What a plan proves of each declared option, for people. */
export function coverageText(test: Test, style: TextStyle): string {
  return `${style.bold(test.name)}\n\n${formatCoverage(test.coverage, style)}\n`;
}

function hardwareText({ hardware: { vm, agentChannel } }: Test): string {
  return [
    vm.machine,
    vm.bios === 'ovmf' ? 'OVMF' : 'SeaBIOS',
    count(vm.cores * vm.sockets, 'core'),
    `${vm.memory} MiB`,
    ...vm.disks.map(({ key, size }) => `${key} ${size ?? ''}`.trim()),
    ...vm.nics.map(({ key, model }) => `${key} ${model}`),
    ...(agentChannel ? ['guest agent'] : []),
  ].join(', ');
}

/** Probes under their services, each with the options that it proves, and those by hand with their place. */
function probeLines(probes: readonly Probe[], style: TextStyle): string[] {
  const titles = Math.min(64, Math.max(...probes.map(({ title }) => displayWidth(title)), 0));
  let service = '';
  return probes.flatMap((probe) => {
    const own = probe.id.split('/')[0] ?? '';
    const heading = own === service ? [] : [`  ${style.bold(own)}`];
    service = own;
    const [first = '', ...rest] = wrap(probe.title, titles);
    const place = writtenAt(probe);
    const beside = [...(place === undefined ? [] : [style.dim(place)]), style.cyan(probe.proves.join(', '))];
    return [
      ...heading,
      `    ${pad(first, titles)}  ${beside.join('  ')}`.trimEnd(),
      ...rest.map((line) => `    ${line}`),
    ];
  });
}

function reasonLines(
  title: string,
  entries: readonly { readonly option: string; readonly reason: string }[],
  style: TextStyle,
): string[] {
  if (entries.length === 0) return [];
  return ['', title, ...entries.map(({ option, reason }) => `    ${style.cyan(option)}: ${reason}`)];
}
