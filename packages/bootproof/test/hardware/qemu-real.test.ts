import { describe, expect, it } from 'vitest';
import { pciPlace } from '../../src/hardware/pci.ts';
import { defineVm, resolveVm, type VmDefinition } from '../../src/hardware/vm.ts';
import { withStillQemu } from './real-qemu.ts';
import { vms } from './vms.ts';

describe('the real QEMU (Debian packages qemu-system-x86, ovmf)', () => {
  it.each(Object.entries(vms))(
    'builds %s with every device where Proxmox has it',
    async (_name, definition) => {
      const vm = resolveVm(defineVm(definition));
      await withStillQemu(vm, async (qemu) => {
        expect(await qemu.ask('query-status')).toMatchObject({ running: false, status: 'prelaunch' });
        const ids = [
          ...vm.nics.map(({ key }) => key),
          ...vm.disks.filter(({ bus }) => bus === 'virtio').map(({ key }) => key),
          ...(vm.balloon ? ['balloon0'] : []),
          ...(vm.agent.enabled && vm.agent.type === 'virtio' ? ['qga0'] : []),
        ];
        for (const id of ids) {
          const place = pciPlace(id);
          expect([id, await qemu.place(id)]).toEqual([id, `${place.bus} ${place.addr}`]);
        }
      });
    },
  );

  it('has no agent channel when the configuration runs no agent', async () => {
    await withStillQemu(
      resolveVm(defineVm(vms['hl02'] ?? {})),
      async (qemu) => {
        expect(await qemu.place('qga0')).toBeUndefined();
        expect(await qemu.human('info qtree')).not.toContain('virtserialport');
      },
      { agentChannel: false },
    );
  });

  it('takes each kind of display, CPU and SCSI controller that a declaration may name', async () => {
    const common: VmDefinition = { scsi0: 'local:1', name: 'x' };
    const displays = ['std', 'cirrus', 'vmware', 'virtio', 'qxl', 'none'] as const;
    const cpus = ['kvm64', 'host', 'x86-64-v2-AES', 'x86-64-v4', 'Icelake-Client', 'EPYC', 'qemu64'];
    const controllers = ['lsi53c810', 'virtio-scsi-pci', 'virtio-scsi-single', 'megasas', 'pvscsi'] as const;
    const definitions: VmDefinition[] = [
      ...displays.map((vga) => ({ ...common, vga })),
      ...cpus.map((cpu) => ({ ...common, cpu })),
      ...controllers.map((scsihw) => ({ ...common, scsihw })),
    ];
    for (const definition of definitions) {
      await withStillQemu(resolveVm(defineVm(definition)), async (qemu) => {
        const status = await qemu.ask('query-status');
        expect({ definition, status }).toMatchObject({ definition, status: { status: 'prelaunch' } });
      });
    }
  }, 60_000);

  it('has a network whose packets are handed out first, and finds a port for a forward itself', async () => {
    await withStillQemu(resolveVm(defineVm(vms['nics'] ?? {})), async (qemu) => {
      expect(await qemu.human('info network')).toMatch(/egress: type=filter-redirector/);
      expect(await qemu.human('hostfwd_add tcp:127.0.0.1:0-:22')).toBe('');
      const forwards = await qemu.human('info usernet');
      expect(forwards).toMatch(/net0[\s\S]*HOST_FORWARD.*127\.0\.0\.1 +[1-9]\d+ .*10\.0\.2\.15 +22/);
    });
  });
});
