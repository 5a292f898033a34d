import { pciPlace } from './pci.ts';
import { device, json, since } from './qemu-options.ts';
import type { NicModel } from './schema.ts';
import type { VmConfiguration, VmNic } from './vm.ts';

export interface Network {
  /** Whether the guest may reach beyond its own network. False unless told. */
  readonly open?: boolean;
  /** TCP ports of the guest that a free port of 127.0.0.1 leads to, on the first NIC; more can be added to a running QEMU. */
  readonly forwards?: readonly number[];
}

const models: Partial<Readonly<Record<NicModel, string>>> = { virtio: 'virtio-net-pci' };

/**
 * NICs, each on a user-mode network of its own where DHCP answers. QEMU takes a free port for each forward itself (port 0)
 * and tells which it took in `info usernet`: nobody can take it in between.
 */
export function network(vm: VmConfiguration, { open = false, forwards = [] }: Network): string[] {
  return vm.nics.flatMap((nic, position) => [
    ...json('-netdev', {
      type: 'user',
      id: nic.key,
      restrict: !open,
      // QEMU's own is 10.0.2.0/24. Two NICs of one guest must not find themselves on the same.
      ...(position === 0 ? {} : { net: `10.0.${2 + position}.0/24` }),
      ...(position === 0 && forwards.length > 0
        ? { hostfwd: forwards.map((port) => ({ str: `tcp:127.0.0.1:0-:${port}` })) }
        : {}),
    }),
    ...card(vm, nic),
  ]);
}

/** No boot index: a disk that does not boot shall be seen as that, and not as an attempt to boot by network. */
function card({ machineVersion }: VmConfiguration, { key, model, macaddr, mtu }: VmNic): string[] {
  const virtio = model === 'virtio';
  const modern = virtio && since(machineVersion, '7.1');
  return device(
    models[model] ?? model,
    {
      id: key,
      mac: macaddr,
      netdev: key,
      rx_queue_size: modern ? 1024 : undefined,
      tx_queue_size: modern ? 256 : undefined,
      host_mtu: virtio ? hostMtu(machineVersion, mtu) : undefined,
    },
    model === 'ne2k_isa' ? undefined : pciPlace(key),
  );
}

/** Newer machines always say the bridge's MTU, older ones only one that is not 1500. */
function hostMtu(machineVersion: string | undefined, mtu = 1500): number | undefined {
  return mtu !== 1500 || since(machineVersion, '10.0+pve1') ? mtu : undefined;
}
