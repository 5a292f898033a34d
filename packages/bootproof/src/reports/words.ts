/** How results are worded, in one place, so that every report says the same. */
import type { Proof } from '../probes/probe.ts';
import type { RunResult } from '../runner/result.ts';
import { oneLine } from './text.ts';

/** A span of time for people: `40 ms`, `0.4 s`, `41.2 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 99.5) return `${Math.round(Math.max(0, ms))} ms`;
  const seconds = ms / 1000;
  // 59.95 would be printed as 60.0 s.
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** A span that is still going on, in whole seconds: `12 s`, `1:05`. */
export function ticking(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  return seconds < 60
    ? `${seconds} s`
    : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A number with its noun: `1 probe`, `25 probes`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** The service that a probe belongs to: the first part of its id. */
export function serviceOf(proof: Proof): string {
  return proof.probe.id.split('/')[0] || 'other';
}

/** The proofs by service, each in the order of the plan; services in the order in which they first come. */
export function byService(proofs: readonly Proof[]): Map<string, Proof[]> {
  const groups = new Map<string, Proof[]>();
  for (const proof of proofs) {
    const service = serviceOf(proof);
    groups.set(service, [...(groups.get(service) ?? []), proof]);
  }
  return groups;
}

export interface Counts {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly refused: number;
}

export function counts(proofs: readonly Proof[]): Counts {
  const of = (verdict: Proof['verdict']) => proofs.filter((proof) => proof.verdict === verdict).length;
  return { total: proofs.length, passed: of('passed'), failed: of('failed'), refused: of('refused') };
}

/** The counts that are not zero, in words: `24 passed, 1 failed`. */
export function countWords({ passed, failed, refused }: Omit<Counts, 'total'>): string {
  const parts = [
    [passed, 'passed'],
    [failed, 'failed'],
    [refused, 'refused'],
  ].filter(([number]) => number !== 0);
  return parts.map(([number, word]) => `${number} ${word}`).join(', ') || 'no probe ran';
}

/** The evidence in a word or two: what was seen, or for a refused probe why it could not be asked. */
export function gist(proof: Proof): string {
  if (proof.verdict === 'refused') return oneLine(proof.reason ?? 'could not be asked');
  return oneLine(proof.seen) || oneLine(proof.reason ?? '') || 'nothing';
}

/** The verdict as a sentence without its full stop: `hl02 is proven`. */
export function verdictSentence(result: Pick<RunResult, 'host' | 'verdict'>): string {
  if (result.verdict === 'interrupted') return `${result.host} was interrupted`;
  return `${result.host} is ${result.verdict}`;
}

/** What decided the verdict, in one sentence without its full stop. */
export function verdictReason(result: RunResult): string {
  const numbers = counts(result.proofs);
  const took = `in ${duration(result.durationMs)}`;
  if (result.verdict === 'proven') return `All ${count(numbers.total, 'probe')} passed ${took}`;
  if (result.verdict === 'interrupted')
    return `Cut short after ${duration(result.durationMs)}, so not proven: ${countWords(numbers)}`;
  const words = `${countWords(numbers)} of ${count(numbers.total, 'probe')} ${took}`;
  if (result.breakdown) return `The machine broke down (${result.breakdown.kind}): ${words}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the kinds of image are called. */
export const imageWord: Readonly<Record<RunResult['image']['kind'], string>> = {
  'stand-in': 'Debian stand-in',
  nixos: 'NixOS image',
};

/** Where an image came from that was there already. */
export const cacheWord: Readonly<Record<RunResult['image']['kind'], string>> = {
  'stand-in': 'from the cache',
  nixos: 'from the Nix store',
};

/** What the image and the machine were, for a line below the verdict. */
export function setting(result: RunResult): string {
  const { kind, fromCache } = result.image;
  return `${imageWord[kind]}${fromCache ? ` ${cacheWord[kind]}` : ''}, ${result.machine.accelerator.toUpperCase()}, QEMU ${result.machine.qemuVersion}`;
}

/** What a stand-in leaves open, in one sentence, whatever was declared. */
export const standInLimit =
  'The stand-in is Debian, realised from the same declaration: it proves hardware, disk, boot chain and services, but not that the NixOS modules evaluate and build.';

/** ISO 8601 as people read it: `23 Nov 2025, 14:02:07 UTC`. The text itself when it is no date. */
export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return oneLine(iso);
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const time = date.toISOString().slice(11, 19);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${time} UTC`;
}
