import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { BootproofError } from '../base/errors.ts';
import type { DiskLayout } from '../disk/layout.ts';
import { writeFileAtomic } from '../host/atomic.ts';
import { type RunOptions, run } from '../host/process.ts';
import { requireTools } from '../host/tools.ts';
import { cacheFolder as defaultCacheFolder } from '../host/xdg.ts';
import type { BuildOptions } from './build-image.ts';
import type { NixosImage } from './built-image.ts';
import { cachePaths } from './cache.ts';
import { diagnose } from './diagnose.ts';
import { sha256OfFile } from './hash.ts';
import { inspectDisk } from './inspect.ts';
import { interrupted } from './lock.ts';
import { imageManifestSchema } from './manifest.ts';
import { evaluateImage, type NixosDerivation, type NixosRequest, realiseImage } from './nixos-build.ts';
import { diagnoseNix } from './nixos-failure.ts';
import type { OnProgress } from './progress.ts';
import type { FilledPartition } from './realisable.ts';
import { buildTools } from './tools.ts';
import { inWorkFolder } from './work-folder.ts';

export type NixosBuildOptions = Pick<BuildOptions, 'cacheFolder' | 'signal' | 'onProgress' | 'path'>;

/**
 * What was seen in an image, once for each build of it. The same path can be collected and built again, with other
 * bytes: the time of the file's last change tells (stat(2), `st_ctime`; Nix sets the other times to 1).
 */
const recordSchema = v.object({
  schema: v.literal(1),
  outPath: v.string(),
  file: v.object({ bytes: v.number(), changedMs: v.number(), sha256: v.string() }),
  inspection: imageManifestSchema.entries.inspection,
});
type ImageRecord = v.InferOutput<typeof recordSchema>;

/**
 * The NixOS image of a host, built by Nix from the emitted flake. Nothing is put into it for a test's sake. A link in the
 * cache's folder `nixos` keeps Nix from collecting it; the next build of the same host takes that link over.
 *
 * @throws BootproofError with cause and remedy: a flake that does not evaluate or build, no network, no KVM for disko's
 *   builder, an image that is not as large as the VM's disk, a root that cannot be read, a full disk, an interruption.
 */
export async function buildNixosImage(
  request: NixosRequest,
  options: NixosBuildOptions = {},
): Promise<NixosImage> {
  const { signal, path, cacheFolder = defaultCacheFolder(), onProgress = () => {} } = options;
  const tools: RunOptions = { signal, ...(path === undefined ? {} : { path }) };
  requireTools([buildTools.qemuImg, buildTools.debugfs], path);
  const root = rootPartition(request.disk);
  try {
    onProgress({ step: 'cache', detail: `Nix is evaluating ${request.host}` });
    const derivation = await evaluateImage(request, tools).catch((error: unknown) => {
      throw diagnoseNix(error, request, { doing: 'evaluate' });
    });
    const fromCache = existsSync(derivation.outPath);
    const link = join(cachePaths(cacheFolder).nixos, linkName(request));
    await build(request, derivation, link, { tools, onProgress });
    const file = join(derivation.outPath, derivation.fileName);
    await requireImage(file, request.disk, tools);
    const record = await seenIn(derivation, file, { request, root, link, cacheFolder, tools, onProgress });
    return {
      kind: 'nixos',
      path: file,
      // The hash in the name of a store path follows from everything that went into it.
      key: basename(derivation.outPath).slice(0, 32),
      storePath: derivation.outPath,
      sha256: record.file.sha256,
      inspection: record.inspection,
      fromCache,
      notes: [],
    };
  } catch (error) {
    if (signal?.aborted) throw interrupted(signal);
    throw error;
  }
}

interface Steps {
  readonly tools: RunOptions;
  readonly onProgress: OnProgress;
}

async function build(
  request: NixosRequest,
  derivation: NixosDerivation,
  link: string,
  { tools, onProgress }: Steps,
): Promise<void> {
  await mkdir(join(link, '..'), { recursive: true });
  try {
    await realiseImage(derivation, link, {
      ...tools,
      onProgress: (progress) => onProgress({ step: 'image', ...progress }),
    });
  } catch (error) {
    throw diagnoseNix(error, request, { doing: 'build', drvPath: derivation.drvPath });
  }
}

/** One link for each host of each homelab, so that what an older declaration gave can be collected. */
function linkName({ flake, host }: NixosRequest): string {
  const homelab = createHash('sha256').update(flake).digest('hex').slice(0, 8);
  return `${host}-${homelab}`;
}

/** What the driver needs to look into the image. NixOS could have more kinds than debugfs(8) can read. */
function rootPartition(disk: DiskLayout): FilledPartition {
  const root = disk.partitions.find(
    (partition): partition is FilledPartition => partition.content?.mountpoint === '/',
  );
  if (root?.content.format === 'ext4') return root;
  const found =
    root === undefined ? 'no partition of it is mounted at /' : `its root is ${root.content.format}`;
  throw new BootproofError(`the image of ${disk.device} (${disk.name}) cannot be looked into: ${found}`, {
    kind: 'declaration',
    hint: 'Whether an image carries keys or an identity is read from its ext4 root. Other layouts cannot be checked yet.',
  });
}

const infoSchema = v.object({ format: v.string(), 'virtual-size': v.number() });

/** Sees that the build gave the disk that was asked for: of the VM's size, since the partitions are proven against it. */
async function requireImage(file: string, { sizeBytes }: DiskLayout, tools: RunOptions): Promise<void> {
  const wrong = (found: string) =>
    new BootproofError(`Nix built ${file}, which is not the image that was asked for: ${found}`, {
      kind: 'declaration',
      hint: 'See what the declaration says of disko.imageBuilder, and of imageName and imageSize.',
    });
  if (!existsSync(file)) throw wrong('there is no such file');
  // The format is said, not guessed: a raw disk could hold anything.
  const asked = ['info', '--output=json', '-f', 'qcow2', file];
  const { stdout } = await run('qemu-img', asked, tools).catch((error: unknown) => {
    if (tools.signal?.aborted) throw error;
    throw wrong('it is no qcow2 file');
  });
  const size = v.parse(infoSchema, JSON.parse(stdout))['virtual-size'];
  if (size !== sizeBytes) throw wrong(`it has ${size} bytes, and the VM's disk ${sizeBytes}`);
}

interface Look extends Steps {
  readonly request: NixosRequest;
  readonly root: FilledPartition;
  readonly link: string;
  readonly cacheFolder: string;
}

/** What is in the image: remembered beside its link, or seen now. */
async function seenIn({ outPath }: NixosDerivation, file: string, look: Look): Promise<ImageRecord> {
  const { request, root, link, cacheFolder, tools, onProgress } = look;
  const recordFile = `${link}.json`;
  const remembered = await readRecord(recordFile);
  const { size: bytes, ctimeMs: changedMs } = await stat(file);
  const known = remembered?.outPath === outPath && remembered.file.bytes === bytes;
  if (known && remembered.file.changedMs === changedMs) return remembered;
  try {
    return await inWorkFolder(cacheFolder, async ({ folder }) => {
      onProgress({ step: 'image', detail: 'looking into the image' });
      // debugfs(8) reads raw disks only. Its holes stay holes, so it takes the space of what is in it.
      const raw = join(folder, 'disk.raw');
      await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', file, raw], tools);
      const { machineId, ...inspection } = await inspectDisk(raw, request.disk, root, tools);
      const record: ImageRecord = {
        schema: 1,
        outPath,
        file: { bytes, changedMs, sha256: await sha256OfFile(file, tools.signal) },
        inspection: {
          ...inspection,
          authorizedKeys: [...inspection.authorizedKeys],
          loginPasswords: [...inspection.loginPasswords],
          hostKeys: [...inspection.hostKeys],
          ...(machineId === undefined ? {} : { machineId }),
        },
      };
      await writeFileAtomic(recordFile, `${JSON.stringify(record, null, 2)}\n`);
      return record;
    });
  } catch (error) {
    throw diagnose(error, { doing: 'looking into the image', folders: [cacheFolder], neededBytes: bytes });
  }
}

async function readRecord(file: string): Promise<ImageRecord | undefined> {
  try {
    return v.parse(recordSchema, JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}
