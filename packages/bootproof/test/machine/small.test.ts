import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longestSocketPath } from '../../src/host/xdg.ts';
import { binaryCredential, sshCredential } from '../../src/machine/credentials.ts';
import { makeWritableParts } from '../../src/machine/disks.ts';
import { makeMachineFiles, nameMachineFiles, removeTransientFiles } from '../../src/machine/files.ts';
import { findOvmf, requireOvmf } from '../../src/machine/firmware.ts';
import { keysOf } from '../../src/machine/keys.ts';
import { LineSplitter } from '../../src/machine/lines.ts';
import { cut } from '../../src/machine/records.ts';
import { listenOnce } from '../../src/machine/sockets.ts';
import { makeSshKeyPair } from '../../src/machine/ssh.ts';
import { parseUsernet } from '../../src/machine/usernet.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootproof-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('machine files', () => {
  it('names sockets shortly, wherever the run folder lies', async () => {
    const files = await makeMachineFiles(join(folder, 'x'.repeat(150)));
    for (const path of Object.values(files.sockets)) {
      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(longestSocketPath);
    }
    expect((await stat(files.socketFolder)).mode & 0o777).toBe(0o700);
    await removeTransientFiles(files);
    expect(existsSync(files.socketFolder)).toBe(false);
  });

  it('keeps the logs, and the disk only when asked to', async () => {
    for (const keep of [false, true]) {
      const files = nameMachineFiles(folder, join(folder, 'sockets'));
      for (const path of [files.overlay, files.efiVars, files.consoleLog]) await writeFile(path, '');
      await removeTransientFiles(files, keep);
      expect((await readdir(folder)).sort()).toEqual(
        keep ? ['console.log', 'disk.qcow2', 'efivars.fd'] : ['console.log'],
      );
    }
  });

  it('makes an overlay that leaves the image alone', async () => {
    const files = nameMachineFiles(folder, join(folder, 'sockets'));
    const image = join(folder, 'image.raw');
    const vars = join(folder, 'VARS.fd');
    await writeFile(image, Buffer.alloc(1024 * 1024, 1));
    await writeFile(vars, 'empty');
    await makeWritableParts(files, { path: image, format: 'raw' }, vars);
    expect((await readFile(files.overlay)).subarray(0, 3).toString()).toBe('QFI');
    expect(await readFile(files.efiVars, 'utf8')).toBe('empty');
    const missing = { path: join(folder, 'absent'), format: 'raw' } as const;
    await expect(makeWritableParts(files, missing, undefined)).rejects.toThrow(
      /^exit status 1: qemu-img create/,
    );
  });
});

describe('OVMF', () => {
  it('takes code and variables that belong together', async () => {
    expect(findOvmf(folder)).toBeUndefined();
    expect(() => requireOvmf(folder)).toThrow('lacks OVMF');
    await writeFile(join(folder, 'OVMF_CODE_4M.fd'), '');
    await writeFile(join(folder, 'OVMF_VARS.fd'), '');
    expect(findOvmf(folder)).toBeUndefined();
    await writeFile(join(folder, 'OVMF_VARS_4M.fd'), '');
    expect(requireOvmf(folder).varsTemplate).toBe(join(folder, 'OVMF_VARS_4M.fd'));
  });
});

describe('listenOnce', () => {
  it('takes one connection and removes its socket', async () => {
    const path = join(folder, 's');
    const listener = await listenOnce(path);
    const client = connect(path);
    const socket = await listener.connection;
    client.write('x');
    const heard = await new Promise((resolve) => socket.once('data', resolve).resume());
    expect(String(heard)).toBe('x');
    expect(existsSync(path)).toBe(false);
    const closed = new Promise((resolve) => client.once('close', resolve));
    listener.close();
    await closed;
  });

  it('tells whoever waits when it is closed first, and refuses long paths', async () => {
    const listener = await listenOnce(join(folder, 's'));
    listener.close();
    await expect(listener.connection).rejects.toThrow('nobody connected');
    await expect(listenOnce(`/tmp/${'x'.repeat(100)}`)).rejects.toThrow('too long for a socket');
  });
});

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.nat(20)), (lines, sizes) => {
        const clean = lines.map((line) => line.replaceAll('\n', ''));
        const bytes = Buffer.from(clean.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter();
        const seen: string[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          seen.push(...splitter.push(bytes.subarray(at, at + size)).map(String));
          at += size;
        }
        expect(seen).toEqual(clean);
      }),
    );
  });

  it('refuses a line without end', () => {
    const splitter = new LineSplitter(8);
    splitter.push(Buffer.from('1234'));
    expect(() => splitter.push(Buffer.from('56789'))).toThrow('longer than 8 bytes');
  });
});

describe('credentials', () => {
  const key = 'ssh-ed25519 AAAA bootproof';
  const decode = (credential: string) =>
    Buffer.from(credential.slice(credential.indexOf('=') + 1), 'base64').toString('utf8');

  it('gives the stand-in its key', () => {
    const credential = sshCredential('stand-in', key);
    expect(credential).toMatch(/^io\.systemd\.credential\.binary:ssh\.authorized_keys\.root=/);
    expect(decode(credential)).toBe(`${key}\n`);
  });

  it('gives NixOS lines for tmpfiles', () => {
    const lines = decode(sshCredential('nixos', `${key}\n`)).split('\n');
    expect(lines[0]).toBe('d /root/.ssh 0700 root root -');
    const fields = lines[1]?.split(' ') ?? [];
    expect(fields.slice(0, 2)).toEqual(['f~', '/root/.ssh/authorized_keys']);
    expect(Buffer.from(fields.at(-1) ?? '', 'base64').toString()).toBe(`${key}\n`);
  });

  it('never holds a comma, which would split the option', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const credential = binaryCredential('name', text);
        expect(credential).not.toContain(',');
        expect(decode(credential)).toBe(Buffer.from(text, 'utf8').toString('utf8'));
      }),
    );
  });

  it('makes a fresh key each time', () => {
    const [first, second] = [makeSshKeyPair(), makeSshKeyPair()];
    expect(first.publicKey).toMatch(/^ssh-ed25519 \S+ bootproof$/);
    expect(first.privateKey).toContain('BEGIN OPENSSH PRIVATE KEY');
    expect(first.publicKey).not.toBe(second.publicKey);
  });
});

describe('parseUsernet', () => {
  it('reads forwards and connections', () => {
    const text = [
      'Hub -1 (net0):',
      '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
      '  TCP[SYN_SENT]      11       127.0.0.1 45911       10.0.2.15    22     0     0',
      '  TCP[HOST_FORWARD]  14       127.0.0.1 45911       10.0.2.15    22     0     0',
      '  UDP[236 sec]       15       10.0.2.15 68          10.0.2.2     67     0     0',
      '',
    ].join('\r\n');
    expect(parseUsernet(text)).toEqual([
      {
        state: 'SYN_SENT',
        sourceAddress: '127.0.0.1',
        sourcePort: 45911,
        destinationAddress: '10.0.2.15',
        destinationPort: 22,
      },
      expect.objectContaining({ state: 'HOST_FORWARD', sourcePort: 45911, destinationPort: 22 }),
    ]);
    expect(parseUsernet('')).toEqual([]);
  });
});

describe('keysOf', () => {
  it('knows chords and the names that people use', () => {
    expect(keysOf('ctrl-alt-Delete').map((key) => key.data)).toEqual(['ctrl', 'alt', 'delete']);
    expect(keysOf('Enter')).toEqual([{ type: 'qcode', data: 'ret' }]);
    expect(() => keysOf('ctrl-?')).toThrow('"ctrl-?" is no key');
    expect(() => keysOf('')).toThrow('is no key');
  });
});

describe('cut', () => {
  it('leaves short texts and says what it left out of long ones', () => {
    expect(cut('short')).toBe('short');
    expect(cut('x'.repeat(5000))).toMatch(/^x{4096}… \(904 more characters\)$/);
  });
});
