import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeFileAtomic } from './atomic.ts';
import { Deadline } from './deadline.ts';
import { run } from './process.ts';
import { causeOfExit, ProcessError } from './process-error.ts';
import { runtimeFolder } from './xdg.ts';

/** What runs the guest's instructions on this computer, and why. */
export interface AcceleratorVerdict {
  readonly accelerator: 'kvm' | 'tcg';
  /** For people: `KVM ran 64-bit code in 80 ms`. */
  readonly reason: string;
  /** The answer was found earlier in this boot of the computer. */
  readonly remembered: boolean;
}

export interface AcceleratorOptions {
  /** Where the answer is remembered (`accelerator.json`). */
  readonly cacheFolder: string;
  /** `qemu-system-x86_64` unless told. */
  readonly qemu?: string;
  readonly signal?: AbortSignal | undefined;
  /** Asks anew, whatever is remembered. */
  readonly fresh?: boolean;
  /** How long KVM may take to execute the first instructions: 2000 ms. */
  readonly deadlineMs?: number;
  /** `/dev/kvm` unless told. */
  readonly device?: string;
  /** The file that names this boot of the computer: `/proc/sys/kernel/random/boot_id` unless told (random(4)). */
  readonly bootIdFile?: string;
}

const Memory = v.object({
  bootId: v.string(),
  qemu: v.string(),
  accelerator: v.picklist(['kvm', 'tcg']),
  reason: v.string(),
});

/**
 * Chooses KVM only when it has been seen to execute a guest on this computer. A device that is there and opens proves
 * nothing: there are computers on which QEMU then hangs at its first instruction, for ever.
 *
 * A missing or closed device is answered without starting QEMU, and anew each time (its permissions can change).
 * What QEMU showed is remembered until the computer boots again.
 */
export async function chooseAccelerator(options: AcceleratorOptions): Promise<AcceleratorVerdict> {
  const { cacheFolder, qemu = 'qemu-system-x86_64', device = '/dev/kvm', deadlineMs = 2000 } = options;
  const closed = whyClosed(device);
  if (closed) return { accelerator: 'tcg', reason: closed, remembered: false };

  const bootId = await readText(options.bootIdFile ?? '/proc/sys/kernel/random/boot_id');
  const file = join(cacheFolder, 'accelerator.json');
  const memory = options.fresh ? undefined : recall(await readText(file));
  if (memory && bootId !== undefined && memory.bootId === bootId && memory.qemu === qemu) {
    return { accelerator: memory.accelerator, reason: memory.reason, remembered: true };
  }
  const { answer, reason } = await executes('kvm', { qemu, deadlineMs, signal: options.signal });
  const accelerator = answer === 'executed' ? 'kvm' : 'tcg';
  if (answer !== 'refused' && bootId !== undefined) {
    // A cache that cannot be written costs two seconds next time, and nothing else.
    await writeFileAtomic(file, `${JSON.stringify({ bootId, qemu, accelerator, reason })}\n`).catch(
      () => undefined,
    );
  }
  return { accelerator, reason, remembered: false };
}

/** `executed`: the guest's own exit was seen; `hung`: not by the deadline; `refused`: QEMU ended otherwise. */
export interface Execution {
  readonly answer: 'executed' | 'hung' | 'refused';
  readonly reason: string;
}

/**
 * Runs, with one accelerator, a firmware that enters 64-bit mode and then ends QEMU through its debug-exit device.
 *
 * @throws ProcessError when the signal is aborted, or QEMU is not there.
 */
export async function executes(
  accelerator: 'kvm' | 'tcg',
  options: { readonly qemu: string; readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
): Promise<Execution> {
  const name = accelerator.toUpperCase();
  const folder = await mkdtemp(join(runtimeFolder(), 'bootproof-'));
  try {
    const firmware = join(folder, 'firmware.bin');
    await writeFile(firmware, exitingFirmware());
    const { durationMs } = await run(options.qemu, probeArguments(accelerator, firmware), {
      deadline: Deadline.after(options.deadlineMs),
      signal: options.signal,
      graceMs: 0,
      okExitCodes: [exitStatusOfGuest],
    });
    return { answer: 'executed', reason: `${name} ran 64-bit code in ${Math.round(durationMs)} ms` };
  } catch (error) {
    if (!(error instanceof ProcessError) || error.canceled || error.spawnErrorCode !== undefined) throw error;
    if (error.timedOut) {
      return {
        answer: 'hung',
        reason: `${name} can be opened but ran no 64-bit code within ${options.deadlineMs / 1000} s`,
      };
    }
    const [firstLine] = error.stderrTail.split('\n');
    return { answer: 'refused', reason: `${name} refused: ${firstLine || causeOfExit(error)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the firmware writes to the debug-exit device, and what QEMU makes of it: `(value << 1) | 1`. */
const exitValue = 0x2a;
const exitStatusOfGuest = (exitValue << 1) | 1;
const exitPort = 0xf4;

/** Where the firmware's last 64 KiB are also to be seen, below 1 MiB: segment F000. */
const base = 0xf0000;

/**
 * Enters 64-bit mode with paging on, counts down from four million, and writes one byte to the debug-exit port.
 *
 * It has to go that far. A KVM without hardware behind it emulates real mode, instruction by instruction, in the host's
 * kernel: there a firmware that writes to the port at once succeeds, and a real guest still hangs as soon as it
 * switches modes. The countdown catches an emulation of 64-bit mode too: it takes milliseconds on a processor.
 */
const code: readonly number[] = [
  ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8], // cli; xor ax, ax; mov ds, ax
  ...[0xc7, 0x06, 0x00, 0x10, 0x03, 0x20], // mov word [0x1000], 0x2003: page map, level 4 -> 0x2000
  ...[0xc7, 0x06, 0x00, 0x20, 0x03, 0x30], // mov word [0x2000], 0x3003: level 3 -> 0x3000
  ...[0xc7, 0x06, 0x00, 0x30, 0x83, 0x00], // mov word [0x3000], 0x0083: level 2, the first 2 MiB as they are
  ...[0xb8, 0x00, 0xf0, 0x8e, 0xd8], // mov ax, 0xf000; mov ds, ax
  ...[0x66, 0x0f, 0x01, 0x16, 0x78, 0x00], // lgdt [0x78]
  ...[0x66, 0xb8, 0x00, 0x10, 0x00, 0x00, 0x0f, 0x22, 0xd8], // mov eax, 0x1000; mov cr3, eax
  ...[0x66, 0xb8, 0x20, 0x00, 0x00, 0x00, 0x0f, 0x22, 0xe0], // mov eax, PAE; mov cr4, eax
  ...[0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x0f, 0x32], // mov ecx, EFER; rdmsr
  ...[0x66, 0x0d, 0x00, 0x01, 0x00, 0x00, 0x0f, 0x30], // or eax, LME; wrmsr
  ...[0x66, 0xb8, 0x01, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0], // mov eax, PG | PE; mov cr0, eax
  ...[0x66, 0xea, 0x55, 0x00, 0x0f, 0x00, 0x08, 0x00], // jmp 8:0xf0055, the next line, as 64-bit code
  ...[0xb9, 0x00, 0x00, 0x40, 0x00], // mov ecx, 0x400000
  ...[0xff, 0xc9, 0x75, 0xfc], // dec ecx; jnz back to the dec
  ...[0xb0, exitValue, 0xe6, exitPort], // mov al, value; out port, al
  ...[0xf4, 0xeb, 0xfd], // hlt; jmp to the hlt
];

/** At 0x68 a null descriptor, at 0x70 one of 64-bit code, at 0x78 the register that points lgdt to both. */
const descriptors: readonly number[] = [
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0x9a, 0x20, 0],
  ...[15, 0, 0x68, 0x00, base >> 16, 0],
];

/** A firmware of 64 KiB; an x86 processor starts 16 bytes below the end of it, in real mode. */
function exitingFirmware(): Uint8Array {
  const firmware = new Uint8Array(64 * 1024).fill(0xf4); // hlt
  firmware.set(code, 0);
  firmware.set(descriptors, 0x68);
  firmware.set([0xea, 0x00, 0x00, 0x00, 0xf0], 0xfff0); // jmp F000:0000
  return firmware;
}

function probeArguments(accelerator: 'kvm' | 'tcg', firmware: string): string[] {
  return [
    ...['-machine', 'pc', '-accel', accelerator, '-m', '16', '-nodefaults', '-display', 'none'],
    ...['-bios', firmware],
    ...['-device', JSON.stringify({ driver: 'isa-debug-exit', iobase: exitPort, iosize: 1 })],
  ];
}

function whyClosed(device: string): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return `${device} does not exist`;
    if (code === 'EACCES')
      return `${device} may not be opened by this user (membership of the group kvm allows it)`;
    return `${device} cannot be opened (${String(code)})`;
  }
}

function recall(text: string | undefined): v.InferOutput<typeof Memory> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = v.safeParse(Memory, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}
