import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MachineFiles } from '../machine/files.ts';
import type { Machine } from '../machine/machine.ts';
import { cutMoment } from './cut-moment.ts';
import { syncedFile } from './trial-kinds.ts';

/** A machine as far as it takes to cut its power. */
export type Cuttable = Pick<Machine, 'succeed' | 'crash' | 'close' | 'scope'> & {
  readonly files: Pick<MachineFiles, 'overlay' | 'efiVars'>;
};

/**
 * Writes a text through to the disk and leaves a writer behind, so that the cut finds writes on their way. On a machine
 * whose disk is thrown away.
 */
function writeCommand(text: string): string {
  const load = `${syncedFile}.load`;
  return [
    `printf '%s\\n' '${text}' > ${syncedFile} && sync`,
    `{ while :; do head -c 1000000 /dev/zero > ${load}; sync ${load}; rm -f ${load}; done </dev/null >/dev/null 2>&1 & }`,
  ].join(' && ');
}

/**
 * Kills QEMU at the seed's moment, while the machine writes. What the guest had flushed is in its overlay then, as it would
 * be on a disk: QEMU hands a flushed write to the host's kernel even with `no-flush`, and that outlives QEMU. What was not
 * flushed may be lost, as on a disk.
 *
 * @returns the text that was synced before the cut, and how long after the call the power went. Milliseconds.
 * @throws when the machine ended before its power was cut
 */
export async function cutPower(
  machine: Cuttable,
  seed: number,
): Promise<{ readonly written: string; readonly afterMs: number }> {
  const afterMs = cutMoment(seed);
  const written = `power cut, seed ${seed}`;
  await machine.succeed(writeCommand(written));
  const waiting = new AbortController();
  try {
    await machine.scope.race(delay(afterMs, undefined, { signal: waiting.signal }));
  } finally {
    waiting.abort();
  }
  await machine.crash();
  await machine.close();
  return { written, afterMs };
}

/**
 * Moves what a dead machine has written to into a folder of the next one's, whose logs are its own.
 *
 * @returns the folder
 */
export async function moveDisk(files: Cuttable['files'], folder: string): Promise<string> {
  const next = join(folder, 'after-power-cut');
  await mkdir(next, { recursive: true });
  await rename(files.overlay, join(next, 'disk.qcow2'));
  // A machine with SeaBIOS has none.
  await rename(files.efiVars, join(next, 'efivars.fd')).catch(ignoreAbsent);
  return next;
}

/** Removes what was kept for another boot that never came. */
export async function dropDisk({ overlay, efiVars }: Cuttable['files']): Promise<void> {
  await Promise.all([overlay, efiVars].map((path) => rm(path, { force: true })));
}

function ignoreAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
