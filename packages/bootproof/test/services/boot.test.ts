import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boot } from '../../src/services/boot.ts';
import type { Service } from '../../src/services/service.ts';
import { guest, idsOf, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = boot as unknown as Service;
const systemdBoot = { 'systemd-boot': { enable: true } };
const serial = { boot: { kernelParams: ['console=ttyS0'] } };

describe('realisation', () => {
  it('hands on kernel parameters and the modules of the initrd, both sorts', () => {
    const made = realisationOf(service, {
      boot: {
        kernelParams: ['console=ttyS0', 'quiet'],
        initrd: { availableKernelModules: ['virtio_blk'], kernelModules: ['dm_mod'] },
      },
    });
    expect(made).toEqual({
      kernelParams: ['console=ttyS0', 'quiet', 'loglevel=4'],
      initrdModules: ['virtio_blk', 'dm_mod'],
      files: [{ type: 'file', path: '/etc/modules-load.d/nixos.conf', mode: 0o644, text: 'dm_mod\n' }],
    });
  });

  it('has no list of modules where none has to be loaded', () => {
    expect(realisationOf(service, { boot: { initrd: { availableKernelModules: ['ahci'] } } }).files).toEqual(
      [],
    );
  });

  it('leaves the order of kernel parameters alone, repeated ones too: the last one counts', () => {
    const kernelParams = ['a=1', 'a=2', 'a=1'];
    expect(realisationOf(service, { boot: { kernelParams } }).kernelParams).toEqual([
      ...kernelParams,
      'loglevel=4',
    ]);
  });

  it('has modules of the second stage loaded by systemd', () => {
    const made = realisationOf(service, { boot: { kernelModules: ['kvm-amd', 'tcp_bbr'] } });
    expect(linesAt(made, '/etc/modules-load.d/nixos.conf')).toEqual(['kvm-amd', 'tcp_bbr']);
  });
});

describe('probes', () => {
  it('always ask for a running system without a failed unit', () => {
    expect(idsOf(probesOf(service, {}))).toEqual([
      'boot/multi-user',
      'boot/system-state',
      'boot/no-failed-unit',
      'boot/console-log-level',
    ]);
  });

  it('ask for systemd-boot and its menu where it is declared, on the partition of the ESP', () => {
    const probes = probesOf(service, { boot: { loader: { ...systemdBoot, timeout: 3 } } });
    expect(probeOf(probes, 'boot/loader').params).toEqual({ loader: 'systemd-boot', partition: '/dev/vda1' });
    expect(probeOf(probes, 'boot/loader-timeout').params).toEqual({
      path: '/boot/loader/loader.conf',
      line: 'timeout 3',
    });
  });

  it('expect a menu that waits for ever for a timeout of null, and one that does not wait for 0', () => {
    const line = (timeout: number | null) =>
      probeOf(probesOf(service, { boot: { loader: { ...systemdBoot, timeout } } }), 'boot/loader-timeout')
        .params;
    expect(line(null)).toMatchObject({ line: 'timeout menu-force' });
    expect(line(0)).toMatchObject({ line: 'timeout 0' });
  });

  it('ask for no loader where no ESP is mounted at its place', () => {
    const loader = { ...systemdBoot, efi: { efiSysMountPoint: '/efi' } };
    expect(idsOf(probesOf(service, { boot: { loader } }))).not.toContain('boot/loader');
  });

  it('ask whether the command line may be edited in the menu', () => {
    const look = (editor: boolean) =>
      probeOf(
        probesOf(service, { boot: { loader: { 'systemd-boot': { enable: true, editor } } } }),
        'boot/loader-editor',
      );
    expect(look(true)).toMatchObject({
      params: { output: 'yes' },
      proves: ['boot.loader.systemd-boot.editor'],
    });
    expect(look(false).params).toMatchObject({ output: 'no' });
  });

  it.each([
    ['editor no', 'no'],
    ['editor 0', 'no'],
    ['editor yes', 'yes'],
    ['timeout 1', 'yes'],
    ['#editor no', 'yes'],
  ])('understand the line %s of loader.conf', (line, answer) => {
    const folder = mkdtempSync(join(tmpdir(), 'loader-'));
    const file = join(folder, 'loader.conf');
    writeFileSync(file, `default x.conf\n${line}\n`);
    const declared = { boot: { loader: systemdBoot } };
    const { command } = probeOf(probesOf(service, declared), 'boot/loader-editor').params as {
      readonly command: string;
    };
    const here = command.replaceAll('/boot/loader/loader.conf', file);
    expect(execFileSync('/bin/sh', ['-c', here], { encoding: 'utf8' }).trim()).toBe(answer);
    rmSync(folder, { recursive: true });
  });

  it('ask for each kernel module once, by the options that name it', () => {
    const probes = probesOf(service, {
      boot: { kernelModules: ['loop', 'tcp_bbr'], initrd: { kernelModules: ['loop', 'dm-mod'] } },
    });
    const modules = probes.filter(({ kind }) => kind === 'kernel-module');
    expect(modules.map(({ params, proves }) => [params, proves])).toEqual([
      [{ module: 'dm-mod' }, ['boot.initrd.kernelModules']],
      [{ module: 'loop' }, ['boot.initrd.kernelModules', 'boot.kernelModules']],
      [{ module: 'tcp_bbr' }, ['boot.kernelModules']],
    ]);
  });

  it('claim no option by the boot alone', () => {
    const probes = probesOf(service, {});
    for (const id of ['boot/multi-user', 'boot/system-state', 'boot/no-failed-unit'])
      expect(probeOf(probes, id).proves).toEqual([]);
  });

  it('ask for each kernel parameter once', () => {
    const probes = probesOf(service, { boot: { kernelParams: ['quiet', 'a=1', 'quiet'] } });
    expect(idsOf(probes).filter((id) => id.includes('parameter'))).toEqual([
      'boot/parameter-quiet',
      'boot/parameter-a=1',
    ]);
    expect(probeOf(probes, 'boot/parameter-a=1')).toMatchObject({
      params: { parameter: 'a=1' },
      proves: ['boot.kernelParams'],
    });
  });

  it('ask for a login prompt of the host on the serial console', () => {
    const { params } = probeOf(probesOf(service, serial), 'boot/login-prompt');
    const pattern = new RegExp((params as { readonly pattern: string }).pattern);
    expect('box login: ').toMatch(pattern);
    expect('toolbox login: ').not.toMatch(pattern);
  });

  it.each([
    ['without a serial port', serial, { ...guest, serialConsole: false }],
    ['without a console on it', { boot: { kernelParams: ['quiet'] } }, guest],
    ['with the console on the second port', { boot: { kernelParams: ['console=ttyS1'] } }, guest],
    ['with a name that is not known beforehand', serial, { ...guest, hostName: '' }],
  ])('ask for no login prompt %s', (_name, definitions, at) => {
    expect(idsOf(probesOf(service, definitions, at))).not.toContain('boot/login-prompt');
  });

  it('ask which driver has the disk where the initrd is declared to bring it', () => {
    const initrd = (availableKernelModules: string[]) => ({ boot: { initrd: { availableKernelModules } } });
    expect(probeOf(probesOf(service, initrd(['virtio_blk'])), 'boot/disk-driver')).toMatchObject({
      params: { of: '/dev/vda', sysPath: '/sys/class/block/vda/device', driver: 'virtio_blk' },
      proves: ['boot.initrd.availableKernelModules'],
    });
    expect(idsOf(probesOf(service, initrd(['ahci'])))).not.toContain('boot/disk-driver');
  });
});
