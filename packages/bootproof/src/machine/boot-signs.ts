import type { Breakdown } from '../probes/target.ts';

/** How far a boot has come, as its console shows it. In this order. */
export type BootMark = 'firmware' | 'loader' | 'kernel' | 'userspace' | 'login';

/**
 * What shows a mark, in the words of who prints it: EDK2's BdsDxe, the kernel's EFI stub and log, systemd, agetty.
 * A kernel told to be quiet shows the stub's lines only, or none; a later mark then stands for the earlier ones.
 */
const markSigns: readonly (readonly [BootMark, RegExp])[] = [
  ['loader', /^BdsDxe: starting Boot/],
  ['kernel', /^EFI stub: |Linux version \d|^\[ *\d+\.\d{6}\] /],
  [
    'userspace',
    /^(?:\[ *\d+\.\d+\] )?(?:systemd\[1\]: |Run \S*init as init process)|^Welcome to |^\[ *(?:OK|FAILED|DEPEND) *\] |^ {9}(?:Starting|Mounting|Expecting device) /,
  ],
  ['login', /^(?!Last )\S+ login: ?/],
];

/** The furthest mark that a line shows. Also told of a line that has no end yet: a prompt never has one. */
export function markOf(line: string): BootMark | undefined {
  return markSigns.findLast(([, sign]) => sign.test(line))?.[0];
}

/** A line that says that the machine is not coming up. */
interface BreakdownSign {
  readonly kind: Breakdown['kind'];
  readonly sign: RegExp;
  readonly detail: (match: RegExpExecArray) => string;
  /** Lines that may follow and belong to it: a panic's call trace. The verdict waits a moment for them. */
  readonly moreFollows?: boolean;
}

const whole = (match: RegExpExecArray): string => match[0].trim();

const breakdownSigns: readonly BreakdownSign[] = [
  {
    kind: 'kernel panic',
    sign: /Kernel panic - not syncing: (.*)/,
    detail: (match) => match[1] ?? '',
    moreFollows: true,
  },
  // systemd(1), "crash": PID 1 froze; the kernel goes on without anybody.
  { kind: 'kernel panic', sign: /systemd\[1\]: Freezing execution/, detail: whole },
  // systemd's emergency.service and rescue.service, and sulogin.
  {
    kind: 'emergency mode',
    sign: /You are in (?:emergency|rescue) mode|Entering (?:emergency|rescue) mode|(?:Reached target|Started) \S*(?:emergency|rescue)\.(?:target|service)|Reached target .*(?:Emergency|Rescue) Mode|Cannot open access to console, the root account is locked|Give root password for maintenance|Press Enter for (?:system )?maintenance/i,
    detail: whole,
    moreFollows: true,
  },
  // The shells of an initrd that did not find its root: initramfs-tools, busybox, NixOS's stage 1.
  {
    kind: 'emergency mode',
    sign: /^\(initramfs\) |BusyBox v\S+ .*built-in shell \(ash\)|Gave up waiting for root|An error occurred in stage 1 of the boot process/,
    detail: whole,
    moreFollows: true,
  },
  // EDK2's BdsDxe with nothing left to try, its shell and its boot from the network; SeaBIOS; systemd-boot.
  {
    kind: 'nothing to boot',
    sign: /BdsDxe: No bootable option or device was found|^(?:\S+ )?UEFI Interactive Shell|^Shell> |>>Start (?:PXE|HTTP) over IPv|^No bootable device|^No loader found\. Configuration files/,
    detail: whole,
  },
];

/** A unit that starts over, as systemd says it on the console (`[FAILED] …`) or in its log. */
const restartSigns: readonly RegExp[] = [
  /^\[FAILED\] Failed to start (.+?)\.?$/,
  /systemd\[1\]: (\S+): Scheduled restart job, restart counter is at \d+/,
];

/**
 * So many starts make a loop. systemd's own limit lets a unit start 5 times within 10 s and then gives it up, which is a
 * failed unit and not a loop (systemd.unit(5), StartLimitBurst=).
 */
export const startsOfALoop = 6;

const keptLines = 20;
const tellingLine =
  /panic|fail|error|unable|cannot|not found|timed out|dependency|gave up|emergency|rescue|no such|refused|invalid|BdsDxe|VFS|root device/i;

/** Watches a console's lines for the signs of a machine that will not come up. */
export class BreakdownWatch {
  readonly #lines: string[] = [];
  readonly #starts = new Map<string, number>();
  #found: { kind: Breakdown['kind']; detail: string; at: number } | undefined;

  /**
   * Takes a line, and tells whether it or one before it is a breakdown: `settled` when all is said, `more` when lines
   * that belong to it may still come.
   */
  line(line: string): 'none' | 'more' | 'settled' {
    this.#lines.push(line);
    if (this.#found && this.#found.kind !== 'unit loop') {
      return /---\[ end Kernel panic/.test(line) ? 'settled' : 'more';
    }
    for (const { kind, sign, detail, moreFollows } of breakdownSigns) {
      const match = sign.exec(line);
      if (!match) continue;
      this.#found = { kind, detail: detail(match), at: this.#lines.length - 1 };
      return moreFollows ? 'more' : 'settled';
    }
    return this.#found ? 'none' : this.#countStarts(line);
  }

  /** What was found, with the lines that matter: those before that sound like the cause, and all around it. */
  breakdown(): Breakdown | undefined {
    if (!this.#found) return undefined;
    const { kind, detail, at } = this.#found;
    const from = Math.max(0, at - 5);
    const before = this.#lines.slice(0, from).filter((line) => tellingLine.test(line));
    const around = this.#lines.slice(from, at + 13);
    const lines = [...before.slice(-(keptLines - around.length)), ...around].filter(
      (line) => line.trim() !== '',
    );
    return { kind, detail, lines };
  }

  #countStarts(line: string): 'none' | 'settled' {
    for (const sign of restartSigns) {
      const unit = sign.exec(line)?.[1];
      if (unit === undefined) continue;
      const starts = (this.#starts.get(unit) ?? 0) + 1;
      this.#starts.set(unit, starts);
      if (starts < startsOfALoop) continue;
      this.#found = {
        kind: 'unit loop',
        detail: `${unit} was started ${starts} times and keeps failing`,
        at: this.#lines.length - 1,
      };
      return 'settled';
    }
    return 'none';
  }
}
