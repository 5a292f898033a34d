/** What went wrong, whole, for people at a terminal or with a log. */
import type { Proof } from '../probes/probe.ts';
import type { RunResult } from '../runner/result.ts';
import type { TextStyle } from './style.ts';
import { oneLine, pad, printable, shorten, wrap } from './text.ts';
import { count } from './words.ts';

/** Evidence longer than this is in the report, not on the terminal. */
const evidenceLines = 12;

/** Of probes refused for one reason, this many are named: a machine that never came up refuses nearly all. */
const namedRefused = 6;

const labelWidth = 10;

/** `  expected  loaded, active`, wrapped with the value's lines below each other. */
function field(style: TextStyle, label: string, value: string, paint: (text: string) => string): string[] {
  if (value.trim() === '') return [];
  // On a very narrow terminal the value gets its own lines.
  const beside = style.columns >= 40;
  const indent = ' '.repeat(beside ? 2 + labelWidth : 4);
  const lines = wrap(printable(style.show(value.trimEnd())), Math.max(10, style.columns - indent.length));
  const name = style.dim(pad(label, labelWidth));
  if (!beside) return [`  ${name.trimEnd()}`, ...lines.map((line) => indent + paint(line))];
  return lines.map((line, index) => (index === 0 ? `  ${name}${paint(line)}` : `${indent}${paint(line)}`));
}

function cutLines(text: string, most: number): string {
  const lines = text.trimEnd().split('\n');
  if (lines.length <= most) return lines.join('\n');
  return [...lines.slice(0, most), `(${lines.length - most} more lines in the report)`].join('\n');
}

function title(style: TextStyle, glyph: string, text: string, paint: (text: string) => string): string[] {
  return wrap(style.show(oneLine(text)), Math.max(10, style.columns - 2)).map((line, index) =>
    index === 0 ? `${paint(glyph)} ${style.bold(line)}` : `  ${style.bold(line)}`,
  );
}

/** One failed probe: its statement, options, expected and seen, evidence, and what to look at. */
export function failureLines(proof: Proof, style: TextStyle): string[] {
  const plain = (text: string) => text;
  return [
    ...title(style, style.glyphs.failed, proof.probe.title, style.red),
    ...field(style, 'proves', proof.probe.proves.map(oneLine).join(', '), plain),
    ...field(style, 'expected', proof.expected, style.green),
    ...field(style, 'seen', proof.seen, style.red),
    ...field(style, 'reason', proof.reason ?? '', plain),
    ...proof.evidence.flatMap(({ source, text }) =>
      field(style, 'evidence', `${oneLine(source)}\n${cutLines(text, evidenceLines)}`, style.dim),
    ),
    ...field(style, 'look at', proof.probe.hint, plain),
  ];
}

/** Why the machine stopped being one, with the console's lines that say so. */
function breakdownLines({ breakdown }: RunResult, style: TextStyle): string[] {
  if (!breakdown) return [];
  const width = Math.max(10, style.columns - 4);
  return [
    ...title(style, style.glyphs.failed, `The machine broke down: ${breakdown.kind}`, style.red),
    ...wrap(style.show(printable(breakdown.detail)), width).map((line) => `  ${line}`),
    ...breakdown.lines
      .flatMap((line) => wrap(style.show(printable(line)), width))
      .map((line) => style.dim(`    ${line}`)),
  ];
}

/** Refused probes by what stood in their way: the same reason is said once. */
function refusedLines(proofs: readonly Proof[], style: TextStyle): string[][] {
  const reasons = new Map<string, Proof[]>();
  for (const proof of proofs.filter(({ verdict }) => verdict === 'refused')) {
    const reason = oneLine(proof.reason ?? 'no reason was given');
    reasons.set(reason, [...(reasons.get(reason) ?? []), proof]);
  }
  return [...reasons].map(([reason, refused]) => [
    ...title(
      style,
      style.glyphs.refused,
      `${count(refused.length, 'probe')} refused: ${reason}`,
      style.yellow,
    ),
    ...refused
      .slice(0, namedRefused)
      .map(({ probe }) =>
        style.dim(
          `    ${shorten(style.show(oneLine(probe.title)), style.columns - 4, style.glyphs.ellipsis)}`,
        ),
      ),
    ...(refused.length > namedRefused ? [style.dim(`    and ${refused.length - namedRefused} more`)] : []),
  ]);
}

/** Everything that went wrong in a run, with an empty line between; no line at all when nothing did. */
export function problemLines(result: RunResult, style: TextStyle): string[] {
  const blocks = [
    breakdownLines(result, style),
    ...result.proofs.filter(({ verdict }) => verdict === 'failed').map((proof) => failureLines(proof, style)),
    ...refusedLines(result.proofs, style),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}
