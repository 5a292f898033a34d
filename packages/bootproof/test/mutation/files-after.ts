import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deriveMutations } from '../../src/mutation/derive.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import { probeKinds } from '../../src/probes/catalogue.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { planHl02 } from '../plan/support.ts';
import { fakeTarget } from '../probes/fake-target.ts';

const shell = promisify(execFile);
const hl02 = await planHl02();

/** The mutations of these probes alone. */
export const mutationsOf = (...probes: readonly Probe[]): readonly Mutation[] =>
  deriveMutations({ ...hl02, probes }).mutations;

type Files = Readonly<Record<string, string>>;

/** Files as a fault leaves them, made in a folder of this computer: the command's own shell, with paths that lie in it. */
export async function filesAfter({ fault }: Mutation, files: Files): Promise<Files> {
  if (fault.type !== 'running') throw new Error('the fault is none of a running machine');
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
  try {
    const placeOf = (path: string): string => join(folder, path.replaceAll('/', '_'));
    for (const [path, text] of Object.entries(files)) await writeFile(placeOf(path), text);
    const command = [...Object.keys(files), '/run/mutation.copy'].reduce(
      (line, path) => line.replaceAll(path, placeOf(path)),
      fault.command,
    );
    await shell('/bin/sh', ['-c', command]);
    const left: Record<string, string> = {};
    for (const path of Object.keys(files)) {
      const text = await readFile(placeOf(path), 'utf8').catch(() => undefined);
      if (text !== undefined) left[path] = text;
    }
    return left;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a mutation's probe passes on these files, fails on them as the fault leaves them, and sees what it has to. */
export async function catches(mutation: Mutation, files: Files): Promise<string> {
  const [expectation] = mutation.expects;
  if (expectation === undefined) throw new Error('no probe is to catch it');
  const { probe, says } = expectation;
  const kind = probeKinds.get(probe.kind);
  const look = async (there: Files) => kind?.observe(fakeTarget({ files: there }), probe.params);
  const [before, after] = [await look(files), await look(await filesAfter(mutation, files))];
  if (before?.verdict !== 'passed') return `the healthy machine: ${before?.seen}`;
  if (says.test(before.seen)) return `the healthy machine says as much: ${before.seen}`;
  if (after?.verdict === 'passed') return `passed: ${after.seen}`;
  return says.test(after?.seen ?? '') ? 'caught' : `for another reason: ${after?.seen}`;
}
