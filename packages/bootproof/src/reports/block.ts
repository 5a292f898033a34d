/** The block of lines that the live display draws for one host: a pure function of what is known and of the room. */
import type { Probe, Proof } from '../probes/probe.ts';
import type { HostProgress, PhaseProgress } from './progress.ts';
import type { TextStyle } from './style.ts';
import { verdictMark } from './summary.ts';
import { displayWidth, oneLine, pad, shorten, wrap } from './text.ts';
import { countWords, duration, gist, ticking, verdictSentence } from './words.ts';

export interface BlockOptions {
  readonly style: TextStyle;
  /** Milliseconds since the run began. */
  readonly nowMs: number;
  /** Which picture of the spinner to draw; any whole number. */
  readonly frame: number;
  /** Lines that the block may take; probes that do not fit are counted instead of listed. */
  readonly rows: number;
  /** Nothing more will come: what has not ended is drawn as cut short. */
  readonly ended?: boolean;
}

const nameWidth = 'evaluate'.length;
const timeWidth = '59.9 s'.length;

/** The sign of what is going on; after the end, of what was cut short. */
function spinner({ style, frame, ended = false }: BlockOptions): string {
  if (ended) return style.yellow(style.glyphs.refused);
  const { spinner: pictures } = style.glyphs;
  return style.cyan(pictures[frame % pictures.length] ?? '');
}

function headline(state: HostProgress, options: BlockOptions): string {
  const { style, nowMs } = options;
  const { result } = state;
  /** The sign, what fits of the words, and the time. */
  const line = (sign: string, words: string, time: string): string => {
    const room = style.columns - displayWidth(time) - 4;
    return `${sign} ${style.bold(shorten(style.show(words), room, style.glyphs.ellipsis))}  ${style.dim(time)}`;
  };
  if (result) {
    const { sign, paint } = verdictMark(result, style);
    return line(paint(sign), verdictSentence(result), duration(result.durationMs));
  }
  const elapsed = state.phases.length > 0 ? ticking(nowMs) : 'waiting';
  const failed = options.ended === true && state.phases.some((phase) => phase.state === 'failed');
  const sign = failed ? style.red(style.glyphs.failed) : spinner(options);
  return line(sign, state.host, elapsed);
}

/** `━━━━━━╌╌╌╌ 60 %` */
function bar(fraction: number, width: number, { glyphs }: TextStyle): string {
  const done = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  const percent = Math.floor(Math.min(1, Math.max(0, fraction)) * 100);
  return `${glyphs.full.repeat(done)}${glyphs.empty.repeat(width - done)} ${pad(`${percent} %`, 5, 'left')}`;
}

function phaseDetail(
  phase: PhaseProgress,
  state: HostProgress,
  { style }: BlockOptions,
  room: number,
): string {
  const { glyphs } = style;
  const detail = style.show(oneLine(phase.detail));
  if (phase.name === 'probes' && state.result === undefined) {
    const [passed, failed, refused] = (['passed', 'failed', 'refused'] as const).map(
      (verdict) => state.proofs.filter((proof) => proof.verdict === verdict).length,
    );
    const left = state.probes.length - state.proofs.length;
    const words =
      state.proofs.length > 0
        ? countWords({ passed: passed ?? 0, failed: failed ?? 0, refused: refused ?? 0 })
        : '';
    const all = [words, left > 0 ? `${left} to go` : ''].filter(Boolean).join(', ');
    return shorten(all, room, glyphs.ellipsis);
  }
  if (phase.state !== 'running') return shorten(detail, room, glyphs.ellipsis);
  if (phase.fraction !== undefined && room >= 24) {
    const drawn = bar(phase.fraction, 10, style);
    return `${drawn}  ${shorten(detail, room - displayWidth(drawn) - 2, glyphs.ellipsis)}`;
  }
  if (phase.name === 'boot' && phase.trail.length > 1) {
    // The latest stages that fit: where the boot is now matters most.
    const stages = phase.trail.map((stage) => style.show(oneLine(stage)));
    const join = (from: number) => stages.slice(from).join(` ${glyphs.arrow} `);
    const from = stages.findIndex((_, index) => displayWidth(join(index)) <= room);
    return shorten(from < 0 ? detail : join(from), room, glyphs.ellipsis);
  }
  return shorten(detail, room, glyphs.ellipsis);
}

function phaseLine(phase: PhaseProgress, state: HostProgress, options: BlockOptions): string {
  const { style, nowMs } = options;
  const sign = {
    running: spinner(options),
    done: style.green(style.glyphs.passed),
    failed: style.red(style.glyphs.failed),
  }[phase.state];
  const time =
    phase.endMs === undefined ? ticking(nowMs - phase.startMs) : duration(phase.endMs - phase.startMs);
  const room = style.columns - (nameWidth + timeWidth + 8);
  const detail = room > 0 ? phaseDetail(phase, state, options, room) : '';
  return `  ${sign} ${pad(phase.name, nameWidth)} ${style.dim(pad(time, timeWidth, 'left'))}  ${style.dim(detail)}`;
}

/** A statement on one line, with a time at the right edge. */
function statement(sign: string, title: string, time: string, style: TextStyle): string {
  const room = style.columns - 6;
  const cut = shorten(style.show(oneLine(title)), room - displayWidth(time) - 1, style.glyphs.ellipsis);
  return `    ${sign} ${pad(cut, room - displayWidth(time))}${style.dim(time)}`;
}

function proofLines(proof: Proof, style: TextStyle): string[] {
  const { glyphs } = style;
  const sign = {
    passed: style.green(glyphs.passed),
    failed: style.red(glyphs.failed),
    refused: style.yellow(glyphs.refused),
  }[proof.verdict];
  const time = proof.verdict === 'refused' ? '' : duration(proof.durationMs);
  return [
    statement(sign, proof.probe.title, time, style),
    style.dim(`      ${shorten(style.show(gist(proof)), style.columns - 6, glyphs.ellipsis)}`),
  ];
}

function runningLine(probe: Probe, sinceMs: number, options: BlockOptions): string {
  return statement(spinner(options), probe.title, ticking(options.nowMs - sinceMs), options.style);
}

/**
 * What is known of the probes, in at most so many lines: first what is wrong and what is being asked, then the newest
 * passes, drawn in the order in which they came.
 */
function probeLines(state: HostProgress, options: BlockOptions, rows: number): string[] {
  if (rows <= 0) return [];
  const { style } = options;
  const running = [...state.running.values()].map(({ probe, sinceMs }) =>
    runningLine(probe, sinceMs, options),
  );
  // One line is kept for saying what is not shown.
  const shownRunning = running.length < rows ? running : running.slice(0, rows - 1);
  let room = rows - shownRunning.length;
  const all = state.proofs.map((proof) => ({ proof, lines: proofLines(proof, style) }));
  const wanted = [
    ...all.filter(({ proof }) => proof.verdict !== 'passed').reverse(),
    ...all.filter(({ proof }) => proof.verdict === 'passed').reverse(),
  ];
  const fits = all.reduce((sum, { lines }) => sum + lines.length, 0) <= room;
  if (!fits) room -= 1;
  const chosen = new Set<Proof>();
  for (const { proof, lines } of wanted) {
    if (lines.length > room) break;
    room -= lines.length;
    chosen.add(proof);
  }
  const hidden = all.length - chosen.size + (running.length - shownRunning.length);
  return [
    ...(hidden > 0 ? [style.dim(`    ${style.glyphs.ellipsis} and ${hidden} more`)] : []),
    ...all.flatMap(({ proof, lines }) => (chosen.has(proof) ? lines : [])),
    ...shownRunning,
  ];
}

/** Notes: all of them whole at the end, while the run goes on the newest two on a line each. */
function noteLines(state: HostProgress, style: TextStyle): string[] {
  const paint = { info: style.dim, warning: style.yellow };
  const room = style.columns - 4;
  const shown = state.result ? state.notes : state.notes.slice(-2);
  return shown.flatMap(({ level, text }) => {
    const note = style.show(oneLine(text));
    const lines = state.result ? wrap(note, room) : [shorten(note, room, style.glyphs.ellipsis)];
    return lines.map((line, index) => paint[level](index === 0 ? `  ! ${line}` : `    ${line}`));
  });
}

/** The block of a host, at most `rows` lines (never less than its headline), none wider than the style's columns. */
export function hostBlock(state: HostProgress, options: BlockOptions): string[] {
  const head = [
    headline(state, options),
    ...state.phases.map((phase) => phaseLine(phase, state, options).trimEnd()),
    ...noteLines(state, options.style),
  ].slice(0, Math.max(1, options.rows));
  // The closing table lists the probes again, with more about each.
  if (state.result) return head;
  return [...head, ...probeLines(state, options, options.rows - head.length)];
}
