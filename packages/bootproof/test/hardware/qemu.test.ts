import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type QemuInput, qemuArguments } from '../../src/hardware/qemu.ts';
import { defineVm, resolveVm, type VmDefinition } from '../../src/hardware/vm.ts';
import { folder, vms } from './vms.ts';

function input(definition: VmDefinition, more: Partial<QemuInput> = {}): QemuInput {
  const vm = resolveVm(defineVm(definition));
  return {
    vm,
    agentChannel: vm.agent.enabled,
    accelerator: 'tcg',
    sockets: {
      qmp: '/run/m/qmp',
      agent: '/run/m/agent',
      console: '/run/m/console',
      fromGuest: '/run/m/from',
      toNetwork: '/run/m/to',
    },
    firmware: vm.bios === 'ovmf' ? { code: '/ovmf/code.fd', vars: '/run/m/vars.fd' } : undefined,
    disk: {
      key: vm.disks.find(({ media }) => media === 'disk')?.key ?? '',
      file: '/run/m/disk',
      format: 'qcow2',
    },
    credentials: ['io.systemd.credential:name=value'],
    ...more,
  };
}

/** One option a line, as one would read it. */
function lines(args: readonly string[]): string {
  const text: string[] = [];
  for (const arg of args) {
    if (arg.startsWith('-')) text.push(arg);
    else text.push(`${text.pop()} ${arg}`);
  }
  return `${text.join('\n')}\n`;
}

const argsOf = (definition: VmDefinition, more: Partial<QemuInput> = {}) =>
  qemuArguments(input(definition, more));
const optionOf = (args: readonly string[], option: string) => args[args.indexOf(option) + 1];

describe('the command line', () => {
  it.each(Object.entries(vms))('of %s is the golden one', async (name, definition) => {
    await expect(lines(argsOf(definition))).toMatchFileSnapshot(join(folder, `${name}.cmd`));
  });

  it('has a golden one for every VM and for nothing else', () => {
    const golden = readdirSync(folder).filter((name) => name.endsWith('.cmd'));
    expect(golden.sort()).toEqual(
      Object.keys(vms)
        .map((name) => `${name}.cmd`)
        .sort(),
    );
  });

  it('is the same each time, and leaves its input alone', () => {
    const given = Object.freeze(input(vms['hl02'] ?? {}));
    expect(qemuArguments(given)).toEqual(qemuArguments(given));
  });

  it('has JSON wherever QEMU takes it', () => {
    for (const definition of Object.values(vms)) {
      const args = argsOf(definition);
      for (const [index, arg] of args.entries()) {
        if (!['-device', '-blockdev', '-object', '-netdev'].includes(arg)) continue;
        expect(() => JSON.parse(args[index + 1] ?? '') as unknown).not.toThrow();
      }
    }
  });

  it('gives every device an address of its own', () => {
    for (const definition of Object.values(vms)) {
      const places = argsOf(definition).flatMap((arg) => {
        const device = arg.startsWith('{') ? (JSON.parse(arg) as { bus?: string; addr?: string }) : {};
        return device.addr === undefined ? [] : [`${device.bus} ${device.addr}`];
      });
      expect(new Set(places).size).toBe(places.length);
    }
  });
});

describe('what the command line follows from', () => {
  const small: VmDefinition = { name: 'x', virtio0: 'local:1' };

  it('the accelerator', () => {
    expect(optionOf(argsOf(small), '-accel')).toBe('tcg,thread=multi');
    expect(optionOf(argsOf(small, { accelerator: 'kvm' }), '-accel')).toBe('kvm');
  });

  it.each([
    [
      'kvm64',
      'kvm64,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+lahf_lm,+sep',
      'kvm64,+lahf_lm,+sep,vendor=AuthenticAMD',
    ],
    ['host', 'host,+kvm_pv_eoi,+kvm_pv_unhalt', 'max'],
    [
      'x86-64-v2-AES',
      'qemu64,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3,+aes',
      'qemu64,+popcnt,+pni,+sse4.1,+sse4.2,+ssse3,+aes,+pclmulqdq,vendor=AuthenticAMD',
    ],
    ['Haswell,flags=-pcid', 'Haswell,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,-pcid', 'Haswell,-pcid'],
    ['EPYC,hidden=1', 'EPYC,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,kvm=off', 'EPYC'],
    ['qemu64,flags=+nested-virt', 'qemu64,enforce,+kvm_pv_eoi,+kvm_pv_unhalt', 'qemu64,vendor=AuthenticAMD'],
  ])('the CPU %s', (cpu, kvm, tcg) => {
    expect(optionOf(argsOf({ ...small, cpu }, { accelerator: 'kvm' }), '-cpu')).toBe(kvm);
    expect(optionOf(argsOf({ ...small, cpu }), '-cpu')).toBe(tcg);
  });

  it('the machine version: what a newer one brought is not there', () => {
    const newest = lines(argsOf({ ...small, machine: 'q35', ostype: 'l26', net0: 'virtio,bridge=vmbr0' }));
    expect(newest).toContain('hpet=off');
    expect(newest).toContain('ICH9-LPC.disable_s3=1');
    expect(newest).toContain('"free-page-reporting":true');
    expect(newest).toContain('"host_mtu":1500');
    expect(newest).toContain('acpi-pci-hotplug-with-bridge-support=off');
    const pinned = lines(
      argsOf({ ...small, machine: 'pc-q35-6.1', ostype: 'l26', net0: 'virtio,bridge=vmbr0' }),
    );
    for (const newer of [
      'hpet',
      'disable_s3',
      'free-page-reporting',
      'host_mtu',
      'rx_queue',
      'hotplug-with',
    ]) {
      expect(pinned).not.toContain(newer);
    }
    const between = lines(argsOf({ ...small, machine: 'pc-q35-9.2+pve1', ostype: 'l26' }));
    expect(between).toContain('disable_s3');
    expect(between).not.toContain('hpet');
    expect(lines(argsOf({ ...small, machine: 'pc-q35-9.2', ostype: 'l26' }))).not.toContain('disable_s3');
  });

  it('paths and names with commas and quotes', () => {
    const args = argsOf(
      { ...small, bios: 'ovmf', efidisk0: 'local:1', smbios1: { manufacturer: 'a,b' }, serial0: 'socket' },
      {
        sockets: { qmp: '/a,b/qmp', agent: '/x', console: '/c"d' },
        disk: { key: 'virtio0', file: '/a,"b', format: 'raw' },
        credentials: ['x=1,2'],
      },
    );
    expect(args).toContain('socket,id=qmp,path=/a,,b/qmp,server=off');
    expect(args).toContain('socket,id=serial0,path=/c"d,server=off');
    expect(args).toContain('type=1,manufacturer=a,,b');
    expect(args).toContain('type=11,value=x=1,,2');
    expect(args.filter((arg) => arg.includes('"filename":"/a,\\"b"'))).toHaveLength(1);
  });

  it('the agent: its channel is there exactly when it is asked for', () => {
    expect(lines(argsOf({ ...small, agent: 1 }))).toContain('org.qemu.guest_agent.0');
    const without = lines(argsOf({ ...small, agent: 1 }, { agentChannel: false }));
    expect(without).not.toMatch(/qga0|guest_agent|virtio-serial/);
  });

  it('the guard: without one the network is shut by QEMU itself', () => {
    const net = { ...small, net0: 'virtio,bridge=vmbr0' };
    const sockets = { qmp: '/q', agent: '/a', console: '/c' };
    expect(lines(argsOf(net))).toMatch(/"restrict":false[\s\S]*filter-redirector/);
    const shut = lines(argsOf(net, { sockets }));
    expect(shut).toContain('"restrict":true');
    expect(shut).not.toContain('filter-redirector');
  });

  it('refuses a file for a disk that the VM does not have', () => {
    const disk = { key: 'scsi0', file: '/f', format: 'raw' } as const;
    expect(() => argsOf(small, { disk })).toThrow('the VM has no disk scsi0');
  });
});
