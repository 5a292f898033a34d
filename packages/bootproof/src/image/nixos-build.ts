import * as v from 'valibot';
import type { DiskLayout } from '../disk/layout.ts';
import { runNix, runNixProgram, thisFlake } from '../host/nix.ts';
import type { RunOptions } from '../host/process.ts';

/** What is asked of Nix: the image of one disk of one host of an emitted flake. */
export interface NixosRequest {
  /** The folder with flake.nix. */
  readonly flake: string;
  /** The host's name in the flake: that of its folder. */
  readonly host: string;
  /** The disk as the declaration and the VM's hardware have it. */
  readonly disk: DiskLayout;
}

/** The build that a request comes to. Nothing of it is built yet. */
export interface NixosDerivation {
  readonly drvPath: string;
  /** The folder in Nix's store that the build fills. */
  readonly outPath: string;
  /** The image's name in that folder. */
  readonly fileName: string;
}

const answerSchema = v.object({ drv: v.string(), out: v.string(), file: v.string() });

/** A string of Nix. Those given here are names of disks and sizes; `${` would be read as code (Nix's manual, "String"). */
const nixString = (text: string): string => `"${text.replace(/["\\]|\$(?=\{)/g, '\\$&')}"`;

/**
 * A function of Nix, from a member of `nixosConfigurations` to its disk image.
 *
 * disko makes a raw file of 2 GiB unless told (`disko.imageBuilder.imageFormat`, `imageSize`; disko v1.13.0, module.nix and
 * lib/types/disk.nix). The disk under test has to be as large as the VM's, and Nix hashes what it builds, holes included:
 * qcow2 keeps that to what is in the disk. Neither concerns the host that is deployed, so neither is in the emitted files.
 */
export function imageFunction({ name, sizeBytes }: DiskLayout): string {
  const disk = `disko.devices.disk.${nixString(name)}`;
  return `host:
let
  sized = host.extendModules {
    modules = [
      (
        { lib, ... }:
        {
          disko.imageBuilder.imageFormat = lib.mkForce "qcow2";
          ${disk}.imageSize = lib.mkForce ${nixString(String(sizeBytes))};
        }
      )
    ];
  };
  images = sized.config.system.build.diskoImages;
in
{
  drv = images.drvPath;
  out = images.outPath;
  file = sized.config.${disk}.imageName + ".qcow2";
}`;
}

/**
 * Evaluates the flake as `nix flake check` does, in pure mode: extending a host with `--impure --expr` would do the same,
 * and would let the host read this computer's environment. The lock file is taken as it is.
 */
export async function evaluateImage(request: NixosRequest, options: RunOptions): Promise<NixosDerivation> {
  const attribute = `${thisFlake}#nixosConfigurations.${nixString(request.host)}`;
  const { stdout } = await runNix(
    ['eval', '--json', '--no-update-lock-file', attribute, '--apply', imageFunction(request.disk)],
    { ...options, cwd: request.flake },
  );
  const { drv, out, file } = v.parse(answerSchema, JSON.parse(stdout));
  return { drvPath: drv, outPath: out, fileName: file };
}

/** How far Nix is, as it says it. */
export interface NixProgress {
  readonly detail: string;
  /** 0 to 1, once Nix has said how much there is to do. */
  readonly fraction?: number;
}

/** Follows what Nix writes to standard error while it builds. Undefined for lines that say nothing new. */
export function nixProgress(): (line: string) => NixProgress | undefined {
  let total = 0;
  let begun = 0;
  return (line) => {
    const announced = /^(?:these|this) (?:(\d+) )?(?:derivations?|paths?) will be (?:built|fetched)/.exec(
      line,
    );
    if (announced !== null) {
      total += Number(announced[1] ?? 1);
      return undefined;
    }
    const step = /^(building|copying path) '([^']*)'/.exec(line);
    if (step === null) return undefined;
    begun += 1;
    const [, verb, path = ''] = step;
    const name = path.replace(/^.*\/([0-9a-z]{32}-)?/, '').replace(/\.drv$/, '');
    const detail = `Nix is ${verb === 'building' ? 'building' : 'fetching'} ${name}`;
    // A step that has begun is not done yet.
    return total > 0 ? { detail, fraction: Math.min(1, (begun - 1) / total) } : { detail };
  };
}

/**
 * Builds it, and keeps Nix's garbage collector away from it by a link. `nix-store --realise` takes a derivation in every
 * version of Nix, where `nix build` has changed what it makes of one (`^` after its path).
 *
 * @param root the link; it is replaced.
 */
export async function realiseImage(
  { drvPath }: NixosDerivation,
  root: string,
  options: RunOptions & { readonly onProgress: (progress: NixProgress) => void },
): Promise<void> {
  const { onProgress, ...rest } = options;
  const progress = nixProgress();
  // The builder's own output goes to Nix's log; of a failed build Nix shows the last lines.
  const args = ['--realise', '--no-build-output', '--add-root', root, '--indirect', drvPath];
  await runNixProgram('nix-store', args, {
    ...rest,
    onLine: (stream, line) => {
      const told = stream === 'stderr' ? progress(line) : undefined;
      if (told !== undefined) onProgress(told);
    },
  });
}
