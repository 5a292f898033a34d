import { copyFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Deadline } from '../host/deadline.ts';
import { run } from '../host/process.ts';
import type { MachineFiles } from './files.ts';

/** A bootable disk that must not change. */
export interface DiskImage {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/**
 * Gives a machine what it writes to: an overlay over the image, so that the image stays as it was built, and its own
 * copy of the firmware's variables.
 *
 * @param varsTemplate OVMF's empty variables; undefined for a machine without UEFI.
 */
export async function makeWritableParts(
  files: MachineFiles,
  image: DiskImage,
  varsTemplate: string | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const overlay = [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    image.format,
    '-b',
    resolve(image.path),
    files.overlay,
  ];
  await Promise.all([
    run('qemu-img', overlay, { deadline: Deadline.after(30_000), signal }),
    varsTemplate === undefined ? undefined : copyFile(varsTemplate, files.efiVars),
  ]);
}
