import { execFile } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedPartition } from '../../src/disk/disko.ts';

const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, LC_ALL: 'C' };

export interface RealPartition {
  readonly start: number;
  readonly size: number;
  readonly type: string;
  readonly name: string;
}

/** sgdisk sleeps for a second after each write: what is to be compared is made side by side. */
function run(command: string, args: readonly string[]): Promise<{ ok: boolean; stdout: string }> {
  return new Promise((resolve) => {
    execFile(command, args, { env, encoding: 'utf8' }, (error, stdout) =>
      resolve({ ok: error === null, stdout }),
    );
  });
}

async function onSparseFile<T>(sizeBytes: number, use: (disk: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bootproof-sgdisk-'));
  const disk = join(folder, 'disk.raw');
  try {
    await writeFile(disk, '');
    await truncate(disk, sizeBytes);
    return await use(disk);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function read(disk: string): Promise<Map<number, RealPartition>> {
  const { stdout } = await run('sfdisk', ['--json', disk]);
  const table = JSON.parse(stdout) as {
    partitiontable: { partitions?: (RealPartition & { node: string })[] };
  };
  return new Map(
    (table.partitiontable.partitions ?? []).map((each) => [Number(/\d+$/.exec(each.node)?.[0]), each]),
  );
}

/** Makes the partitions with sgdisk as disko does, one call each, on a sparse file; null where sgdisk refuses one. */
export function withSgdisk(
  sizeBytes: number,
  partitions: readonly ResolvedPartition[],
): Promise<(RealPartition | null)[]> {
  return onSparseFile(sizeBytes, async (disk) => {
    await run('sgdisk', ['--clear', disk]);
    const made: boolean[] = [];
    for (const { number, start, end, alignment, type, label } of partitions) {
      const { ok } = await run('sgdisk', [
        '--align-end',
        ...(alignment === undefined ? [] : [`--set-alignment=${alignment}`]),
        `--new=${number}:${start}:${end}`,
        `--change-name=${number}:${label}`,
        `--typecode=${number}:${type}`,
        disk,
      ]);
      made.push(ok);
    }
    const found = await read(disk);
    return partitions.map(({ number }, index) => (made[index] ? (found.get(number) ?? null) : null));
  });
}

/** The GUIDs that sgdisk writes for its type codes. */
export function sgdiskTypeGuids(codes: readonly string[]): Promise<(string | undefined)[]> {
  return onSparseFile(2 ** 30, async (disk) => {
    const one = (code: string, index: number) => [
      `--new=${index + 1}:0:+1M`,
      `--typecode=${index + 1}:${code}`,
    ];
    await run('sgdisk', ['--clear', ...codes.flatMap(one), disk]);
    const found = await read(disk);
    return codes.map((_code, index) => found.get(index + 1)?.type.toUpperCase());
  });
}
