import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { Scope } from '../../src/host/scope.ts';
import { BreakdownWatch, markOf } from '../../src/machine/boot-signs.ts';
import { type MarkSeen, SerialConsole } from '../../src/machine/console.ts';
import { TerminalText } from '../../src/machine/terminal-text.ts';
import type { Breakdown } from '../../src/probes/target.ts';

const plain = (text: string) => new TerminalText().push(Buffer.from(text));

describe('TerminalText', () => {
  it.each([
    ['colours', '[\x1b[0;32m  OK  \x1b[0m] Started', '[  OK  ] Started'],
    ['line ends', 'one\r\ntwo\r\r\nthree\n\rfour', 'one\ntwo\nthree\nfour'],
    ['a line written over', 'waiting 1\rwaiting 2', 'waiting 1\nwaiting 2'],
    ['a cleared screen', '\x1b[2J\x1b[01;01HBdsDxe', 'BdsDxe'],
    ['a cursor put elsewhere', 'one\x1b[05;01Htwo', 'one\ntwo'],
    ['a window title', '\x1b]0;title\x07a\x1b]104\x1b\\b', 'ab'],
    ['a device control string', '\x1bP+q544e\x1b\\text', 'text'],
    ['a character set', '\x1b(Btext\x1b)0', 'text'],
    ['modes', '\x1b[!p\x1b[?7h\x1b=text\x1bc', 'text'],
    ['control characters', 'a\x00\x07b\x08\x7fc\td', 'abc\td'],
    ['other scripts', 'système ✓ 機', 'système ✓ 機'],
    ['an escape inside a string', '\x1b]0;half\x1b[31mred', 'red'],
  ])('drops %s', (_name, sent, shown) => {
    expect(plain(sent)).toBe(shown);
  });

  it('comes back from a string that never ends', () => {
    expect(plain(`\x1b]0;${'x'.repeat(5000)}`).length).toBeGreaterThan(0);
  });

  it('shows the same however the bytes are split', () => {
    const pieces = [
      '\x1b[0;1;31m',
      '\x1b]0;t\x07',
      '\x1b\\',
      '\x1b(B',
      '\r',
      '\n',
      'text',
      'é機',
      '\x1b[2;3H',
      '\x1b',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...pieces)),
        fc.array(fc.integer({ min: 1, max: 5 })),
        (sent, sizes) => {
          const bytes = Buffer.from(sent.join(''));
          const terminal = new TerminalText();
          let shown = '';
          let at = 0;
          for (const size of [...sizes, bytes.length]) {
            shown += terminal.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(shown).toBe(plain(sent.join('')));
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is what is asked.
          expect(shown).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
        },
      ),
    );
  });
});

describe('markOf', () => {
  it.each([
    ['BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x3,0x0)', undefined],
    ['BdsDxe: starting Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x3,0x0)', 'loader'],
    ['EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path', 'kernel'],
    ['[    0.000000] Linux version 6.1.0-44-cloud-amd64 (gcc-12)', 'kernel'],
    ['Welcome to Debian GNU/Linux 12 (bookworm)!', 'userspace'],
    ['[  OK  ] Reached target multi-user.target - Multi-User System.', 'userspace'],
    ['         Starting systemd-udevd.service', 'userspace'],
    ['[    1.234567] systemd[1]: systemd 252.39-1~deb12u1 running in system mode', 'userspace'],
    ['[    1.234567] Run /init as init process', 'userspace'],
    ['hl02 login: ', 'login'],
    ['Last login: never', undefined],
    ['anything else', undefined],
  ])('%s', (line, mark) => {
    expect(markOf(line)).toBe(mark);
  });
});

const panic = [
  '[    2.1] VFS: Cannot open root device "PARTLABEL=disk-main-root" or unknown-block(0,0): error -6',
  '[    2.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
  '[    2.3] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0',
  '[    2.4] Call Trace:',
  '[    2.9] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---',
];

function watch(lines: readonly string[]): { states: string[]; breakdown: Breakdown | undefined } {
  const watching = new BreakdownWatch();
  return { states: lines.map((line) => watching.line(line)), breakdown: watching.breakdown() };
}

describe('BreakdownWatch', () => {
  it('waits for the end of a panic and keeps what led to it', () => {
    const { states, breakdown } = watch([...Array<string>(40).fill('noise'), ...panic]);
    expect(states.slice(-5)).toEqual(['none', 'more', 'more', 'more', 'settled']);
    expect(breakdown).toMatchObject({
      kind: 'kernel panic',
      detail: 'VFS: Unable to mount root fs on unknown-block(0,0)',
    });
    expect(breakdown?.lines).toContain(panic[0]);
    expect(breakdown?.lines).toContain(panic[4]);
  });

  it.each([
    ['emergency mode', 'You are in emergency mode. After logging in, type "journalctl -xb" to view'],
    ['emergency mode', '[  OK  ] Started emergency.service - Emergency Shell.'],
    ['emergency mode', '[  OK  ] Reached target emergency.target - Emergency Mode.'],
    ['emergency mode', 'Cannot open access to console, the root account is locked.'],
    ['emergency mode', 'Gave up waiting for root file system device.  Common problems:'],
    ['emergency mode', 'BusyBox v1.35.0 (Debian 1:1.35.0-4+b3) built-in shell (ash)'],
    ['emergency mode', '(initramfs) '],
    ['nothing to boot', 'BdsDxe: No bootable option or device was found.'],
    ['nothing to boot', 'UEFI Interactive Shell v2.2'],
    ['nothing to boot', 'Shell> '],
    ['nothing to boot', '>>Start PXE over IPv4.'],
    ['nothing to boot', 'No loader found. Configuration files in \\loader\\entries\\*.conf are needed.'],
    ['kernel panic', '[   10.0] systemd[1]: Freezing execution.'],
  ])('knows %s: %s', (kind, line) => {
    expect(watch([line]).breakdown?.kind).toBe(kind);
  });

  it('takes nothing of an ordinary boot for a breakdown', () => {
    const boot = [
      'BdsDxe: failed to load Boot0001 "UEFI QEMU DVD-ROM": Not Found',
      'BdsDxe: starting Boot0002 "UEFI Misc Device"',
      '[  OK  ] Listening on initctl.socket',
      '[FAILED] Failed to start foo.service - Foo.',
      '         Starting emergency-lights.service - Lights...',
      '[  OK  ] Stopped target rescue-me.target',
      'hl02 login: root',
    ];
    expect(watch(boot).breakdown).toBeUndefined();
  });

  it('tells a unit loop from a unit that systemd gives up', () => {
    const failure = '[FAILED] Failed to start foo.service - Foo.';
    expect(watch(Array<string>(5).fill(failure)).breakdown).toBeUndefined();
    const { states, breakdown } = watch(Array<string>(7).fill(failure));
    expect(states).toEqual(['none', 'none', 'none', 'none', 'none', 'settled', 'none']);
    expect(breakdown).toMatchObject({ kind: 'unit loop', detail: expect.stringContaining('foo.service') });
  });

  it('sees a panic after a unit loop', () => {
    const failure = '[FAILED] Failed to start foo.service - Foo.';
    expect(watch([...Array<string>(6).fill(failure), ...panic]).breakdown?.kind).toBe('kernel panic');
  });
});

describe('SerialConsole', () => {
  let folder: string;
  let scope: Scope;
  let console: SerialConsole;
  const marks: MarkSeen[] = [];
  const broken: Breakdown[] = [];
  let clock = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
    scope = new Scope();
    marks.length = 0;
    broken.length = 0;
    clock = 0;
    console = new SerialConsole({
      logFile: join(folder, 'console.log'),
      scope,
      now: () => clock,
      onMark: (mark) => marks.push(mark),
      onBreakdown: (breakdown) => broken.push(breakdown),
    });
  });
  afterEach(async () => {
    await console.close();
    await rm(folder, { recursive: true, force: true });
  });
  const print = (text: string, at = clock) => {
    clock = at;
    console.write(Buffer.from(text));
  };

  it('keeps text, lines with their times, and a log', async () => {
    print('one\r', 10);
    print('\ntwo \x1b[1', 20);
    print('mbold\r\nhalf', 30);
    expect(console.text()).toBe('one\ntwo bold\nhalf');
    expect(console.lines).toEqual([
      { atMs: 20, text: 'one' },
      { atMs: 30, text: 'two bold' },
    ]);
    expect(console.tail(2)).toEqual(['two bold', 'half']);
    await console.close();
    expect(await readFile(join(folder, 'console.log'), 'utf8')).toBe('one\ntwo bold\nhalf');
  });

  it('marks the boot, each mark once and in order, and gives its phases', () => {
    print('\x1b[2J', 5000);
    print('BdsDxe: starting Boot0001 "UEFI"\r\n', 5400);
    print('EFI stub: Loaded initrd\r\n', 6000);
    print('Welcome to Debian!\r\n[    9.0] late kernel line\r\n', 12_000);
    print('hl02 login: ', 30_000);
    expect(marks).toEqual([
      { mark: 'firmware', atMs: 5000 },
      { mark: 'loader', atMs: 5400 },
      { mark: 'kernel', atMs: 6000 },
      { mark: 'userspace', atMs: 12_000 },
      { mark: 'login', atMs: 30_000 },
    ]);
    clock = 31_000;
    expect(console.phases()).toEqual([
      { name: 'firmware', startMs: 0, endMs: 5400 },
      { name: 'loader', startMs: 5400, endMs: 6000 },
      { name: 'kernel', startMs: 6000, endMs: 12_000 },
      { name: 'userspace', startMs: 12_000, endMs: 30_000 },
      { name: 'login', startMs: 30_000, endMs: 31_000 },
    ]);
  });

  it('starts over with the machine, and keeps the text', () => {
    print('hl02 login: ', 1);
    clock = 20_000;
    console.restart();
    print('\r\nBdsDxe: starting Boot0001\r\n', 24_000);
    expect(console.marks.map(({ mark }) => mark)).toEqual(['firmware', 'loader']);
    // The time before the reset is none of this boot's.
    expect(console.phases()[0]).toEqual({ name: 'firmware', startMs: 20_000, endMs: 24_000 });
    expect(console.text()).toContain('login');
  });

  it('waits for a text, also across chunks and among what was shown', async () => {
    print('hl02 lo');
    const waiting = console.waitFor(/hl\d+ login:/, Deadline.after(10_000));
    print('gin: ');
    expect(await waiting).toBe('hl02 login:');
    expect(await console.waitFor('hl02', Deadline.after(10_000))).toBe('hl02');
    await expect(console.waitFor('hl02', Deadline.after(10), console.text().length)).rejects.toThrow();
  });

  it('takes a string as it is, not as a pattern', async () => {
    print('a+b (c)');
    expect(await console.waitFor('a+b (c)', Deadline.after(10_000))).toBe('a+b (c)');
  });

  it('says at the deadline what the console showed last', async () => {
    print('Welcome\r\n[FAILED] Failed to start x\r\n');
    await expect(console.waitFor('login:', Deadline.after(10))).rejects.toThrow(
      /for login: on the console; its last lines:\nWelcome\n\[FAILED\] Failed to start x$/,
    );
  });

  it('ends its waits with the machine', async () => {
    const waiting = console.waitFor('login:', Deadline.after(60_000));
    scope.close(new Error('QEMU died'));
    await expect(waiting).rejects.toThrow('QEMU died');
  });

  it('tells a breakdown once, with the lines that follow it', async () => {
    print(`${panic.slice(0, 3).join('\r\n')}\r\n`);
    expect(broken).toEqual([]);
    print(`${panic.slice(3).join('\r\n')}\r\n`);
    print(`${panic.join('\r\n')}\r\n`);
    expect(broken).toHaveLength(1);
    expect(broken[0]?.lines).toContain(panic[3]);
    expect(console.breakdown()).toBe(broken[0]);
  });

  it('tells a breakdown whose last lines never come', async () => {
    const told = new Promise<Breakdown>((resolve) => {
      console = new SerialConsole({
        logFile: join(folder, 'other.log'),
        scope,
        now: () => clock,
        onBreakdown: resolve,
      });
    });
    print('Kernel panic - not syncing: Attempted to kill init!\r\n');
    expect((await told).detail).toBe('Attempted to kill init!');
  });
});
