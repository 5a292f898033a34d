import { mkdirSync, statfsSync } from 'node:fs';
import { formatSize } from '../../base/size.ts';
import { chooseAccelerator } from '../../host/accelerator.ts';
import { Deadline } from '../../host/deadline.ts';
import { findNix } from '../../host/nix.ts';
import { run } from '../../host/process.ts';
import { findTool, type ToolNeed } from '../../host/tools.ts';
import { cacheFolder } from '../../host/xdg.ts';
import { baseTools, imageTools } from '../../image/tools.ts';
import { isOrdinaryUser } from '../../image/tree-owner.ts';
import { neededBytes } from '../../image/work-folder.ts';
import { findOvmf } from '../../machine/firmware.ts';
import { styleFor } from '../../reports/display.ts';
import { pad } from '../../reports/text.ts';
import type { CommandContext } from '../context.ts';
import type { GlobalOptions } from '../homelab-folder.ts';

interface DoctorOptions extends GlobalOptions {
  readonly json?: boolean;
}

/** One thing that was looked at. `lacking` stops a run; `worse` makes it slower or less. */
interface Finding {
  readonly subject: string;
  readonly verdict: 'fine' | 'worse' | 'lacking';
  readonly found: string;
  readonly remedy?: string;
}

const qemu: ToolNeed = {
  command: 'qemu-system-x86_64',
  debianPackage: 'qemu-system-x86',
  why: 'boot the machine',
};

/** Says what this computer has for building and booting. Exit status 3 when something is lacking. */
export async function doctor(options: DoctorOptions, context: CommandContext): Promise<number> {
  const accelerated = await accelerator(context.signal);
  const findings = [
    ...(await tools()),
    firmware(),
    accelerated,
    space(),
    await nix(context.signal, accelerated.verdict === 'fine'),
  ];
  const lacking = findings.some(({ verdict }) => verdict === 'lacking');
  if (options.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else process.stdout.write(text(findings));
  return lacking ? 3 : 0;
}

function text(findings: readonly Finding[]): string {
  const style = styleFor(process.stdout, process.env);
  const { glyphs, green, yellow, red, dim } = style;
  const marks = { fine: green(glyphs.passed), worse: yellow(glyphs.refused), lacking: red(glyphs.failed) };
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ subject, verdict, found, remedy }) => [
    `${marks[verdict]} ${pad(subject, width)}  ${found}`,
    ...(remedy === undefined ? [] : [dim(`  ${pad('', width)}  ${remedy}`)]),
  ]);
  return `${lines.join('\n')}\n`;
}

/** Every tool of a cold check, once. */
function needs(): ToolNeed[] {
  const ordinary = isOrdinaryUser();
  const all = [qemu, ...baseTools(ordinary), ...imageTools(ordinary)];
  return [...new Map(all.map((need) => [need.command, need])).values()];
}

async function tools(): Promise<Finding[]> {
  return Promise.all(
    needs().map(async (need): Promise<Finding> => {
      const path = findTool(need.command);
      const subject = need.command;
      if (path === undefined) {
        return {
          subject,
          verdict: 'lacking',
          found: `not found; needed to ${need.why}`,
          remedy: `On Debian or Ubuntu: sudo apt-get install ${need.debianPackage}`,
        };
      }
      return { subject, verdict: 'fine', found: (await version(path)) ?? path };
    }),
  );
}

/** The first line of what a tool says of its version; tools of the file-system kind say it on stderr. */
async function version(path: string): Promise<string | undefined> {
  const flag = /mke2fs$/.test(path) ? '-V' : '--version';
  try {
    const { stdout, stderr } = await run(path, [flag], {
      deadline: Deadline.after(5000),
      okExitCodes: [0, 1, 2],
    });
    return `${stdout}\n${stderr}`
      .split('\n')
      .find((line) => /\d+\.\d+/.test(line))
      ?.trim();
  } catch {
    return undefined;
  }
}

function firmware(): Finding {
  const found = findOvmf();
  return found === undefined
    ? {
        subject: 'OVMF',
        verdict: 'lacking',
        found: 'not found',
        remedy: 'On Debian or Ubuntu: sudo apt-get install ovmf',
      }
    : { subject: 'OVMF', verdict: 'fine', found: found.code };
}

async function accelerator(signal: AbortSignal): Promise<Finding> {
  if (findTool('qemu-system-x86_64') === undefined) {
    return { subject: 'accelerator', verdict: 'worse', found: 'not known without qemu-system-x86_64' };
  }
  const verdict = await chooseAccelerator({ cacheFolder: cacheFolder(), signal, fresh: true });
  return verdict.accelerator === 'kvm'
    ? { subject: 'accelerator', verdict: 'fine', found: `KVM: ${verdict.reason}` }
    : {
        subject: 'accelerator',
        verdict: 'worse',
        found: `TCG, in software: ${verdict.reason}`,
        remedy: 'Everything works, but a boot takes about ten times as long.',
      };
}

function space(): Finding {
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const found = `${formatSize(free)} free for ${folder}`;
  return free >= neededBytes
    ? { subject: 'disk space', verdict: 'fine', found }
    : {
        subject: 'disk space',
        verdict: 'lacking',
        found: `${found}; a cold build needs about ${formatSize(neededBytes)}`,
        remedy: 'Free some, run `bootproof cache prune`, or set XDG_CACHE_HOME to a folder with more room.',
      };
}

/** Nix is for booting NixOS itself; nothing else needs it. */
async function nix(signal: AbortSignal, kvm: boolean): Promise<Finding> {
  const subject = 'nix';
  const found = await findNix({ signal });
  if (found.state === 'absent') return { subject, verdict: 'fine', found: 'not installed, and not needed' };
  if (found.state === 'unusable')
    return { subject, verdict: 'worse', found: found.reason, remedy: found.remedy };
  const version = `${found.version}, with flakes`;
  return kvm
    ? { subject, verdict: 'fine', found: `${version}; check boots NixOS itself with it` }
    : {
        subject,
        verdict: 'fine',
        found: `${version}; without KVM, check keeps to the Debian stand-in`,
        remedy: 'Nix evaluates the flake here (bootproof eval). Building its images takes KVM.',
      };
}
