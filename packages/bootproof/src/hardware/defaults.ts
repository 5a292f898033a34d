import { createHash } from 'node:crypto';
import type * as v from 'valibot';
import { parseSize } from '../base/size.ts';
import { recordOf } from './check-keys.ts';
import type { DriveBus, driveSchemas, keys, netSchema } from './schema.ts';
import type { VmConfiguration, VmDisk, VmNic } from './vm.ts';

/** Keys that were checked, with the file that has the say. */
export type CheckedKeys = Readonly<Record<string, { readonly value: unknown; readonly file: string }>>;

type Value<Key extends keyof typeof keys> = v.InferOutput<(typeof keys)[Key]['schema']>;
type Drive = v.InferOutput<(typeof driveSchemas)['virtio']> &
  v.InferOutput<(typeof driveSchemas)['scsi']> &
  v.InferOutput<(typeof driveSchemas)['ide']>;

/** Proxmox's own defaults. Source: qm.conf(5), and what qemu-server 9.2 does where the manual says nothing. */
export function withDefaults(checked: CheckedKeys): Omit<VmConfiguration, 'files' | 'filesByKey'> {
  const get = <Key extends keyof typeof keys>(key: Key) => checked[key]?.value as Value<Key> | undefined;
  const machine = get('machine') ?? {};
  const type = machine.type ?? 'pc';
  const agent = get('agent') ?? {};
  const vga = get('vga') ?? {};
  const vgaType = vga.type ?? 'std';
  const name = get('name');
  const [sockets, cores] = [get('sockets') ?? 1, get('cores') ?? 1];
  const disks = disksOf(checked);
  const nics = nicsOf(checked, name);
  return {
    name,
    bios: get('bios') ?? 'seabios',
    machine: type.includes('q35') ? 'q35' : 'pc',
    machineVersion: /-(\d+\.\d.*)$/.exec(type)?.[1],
    cpu: cpuOf(get('cpu') ?? {}),
    sockets,
    cores,
    vcpus: get('vcpus') ?? sockets * cores,
    memory: get('memory')?.current ?? 512,
    balloon: get('balloon') !== 0,
    acpi: get('acpi') ?? true,
    ostype: get('ostype') ?? 'other',
    agent: { enabled: agent.enabled ?? false, type: agent.type ?? 'virtio' },
    serialPorts: [0, 1, 2, 3].filter((port) => `serial${port}` in checked),
    vga: { type: vgaType, memory: vga.memory },
    // A display over SPICE and a serial terminal have no use for it.
    tablet: get('tablet') ?? !/^(serial\d|qxl\d?)$/.test(vgaType),
    scsihw: get('scsihw') ?? 'lsi',
    efidisk: efidiskOf(get('efidisk0')),
    disks,
    nics,
    bootIndexes: bootIndexes({ boot: get('boot'), bootdisk: get('bootdisk'), disks, nics }),
    smbios1: smbiosOf(get('smbios1') ?? {}),
    rng: rngOf(get('rng0')),
    vmgenid: vmgenidOf(get('vmgenid')),
    bridgeHotplug: hasBridgeHotplug(checked, type),
    notModelled: notModelled(checked),
  };
}

function cpuOf({ cputype, flags, hidden }: Value<'cpu'>): VmConfiguration['cpu'] {
  return { type: cputype ?? 'kvm64', flags: flags?.split(';') ?? [], hidden: hidden ?? false };
}

function efidiskOf(disk: Value<'efidisk0'> | undefined): VmConfiguration['efidisk'] {
  return disk && { efitype: disk.efitype ?? '2m', preEnrolledKeys: disk['pre-enrolled-keys'] ?? false };
}

function rngOf(rng: Value<'rng0'> | undefined): VmConfiguration['rng'] {
  return rng && { source: rng.source, maxBytes: rng.max_bytes ?? 1024, period: rng.period ?? 1000 };
}

/** `1` asks Proxmox to make one when it creates the VM; nobody knows it before. */
function vmgenidOf(value: string | undefined): string | undefined {
  return value === undefined || value === '0' || value === '1' ? undefined : value.toLowerCase();
}

function smbiosOf({ base64, ...fields }: Value<'smbios1'>): Record<string, string> {
  const decoded = Object.entries(fields).map(([field, value]) => [
    field,
    base64 && field !== 'uuid' ? Buffer.from(value, 'base64').toString('utf8') : value,
  ]);
  return Object.fromEntries(decoded);
}

/**
 * Since QEMU 6.1 ACPI takes care of hotplug behind the bridges of a q35. qemu-server turns that off for Linux on a machine
 * without a version, unless `meta` says that the VM was made with QEMU 6.1 or later.
 */
function hasBridgeHotplug(checked: CheckedKeys, type: string): boolean {
  const meta = checked['meta']?.value as Value<'meta'> | undefined;
  const [major = 0, minor = 0] = (meta?.['creation-qemu'] ?? '').split('.').map(Number);
  const madeSince61 = major > 6 || (major === 6 && minor >= 1);
  return type !== 'q35' || checked['ostype']?.value !== 'l26' || madeSince61;
}

/** Disks in the order in which Proxmox goes through them. */
function disksOf(checked: CheckedKeys): VmDisk[] {
  const order: readonly DriveBus[] = ['ide', 'scsi', 'virtio', 'sata'];
  return Object.entries(checked)
    .flatMap(([key, { value }]): VmDisk[] => {
      const match = /^(virtio|scsi|sata|ide)(\d+)$/.exec(key);
      return match ? [diskOf(key, match[1] as DriveBus, Number(match[2]), value as Drive)] : [];
    })
    .sort((a, b) => order.indexOf(a.bus) - order.indexOf(b.bus) || a.index - b.index);
}

function diskOf(key: string, bus: DriveBus, index: number, drive: Drive): VmDisk {
  const { cache } = drive;
  return {
    key,
    bus,
    index,
    media: drive.media ?? 'disk',
    storage: drive.storage,
    volume: drive.volume,
    size: drive.size,
    sizeBytes: drive.size === undefined ? undefined : parseSize(drive.size),
    serial: drive.serial,
    discard: drive.discard ?? false,
    iothread: drive.iothread ?? false,
    ssd: drive.ssd ?? false,
    readOnly: drive.ro ?? false,
    writeCache: cache !== 'writethrough' && cache !== 'directsync',
    queues: drive.queues,
    wwn: drive.wwn,
    model: drive.model,
    vendor: drive.vendor,
    product: drive.product,
  };
}

function nicsOf(checked: CheckedKeys, name: string | undefined): VmNic[] {
  return Object.entries(checked)
    .flatMap(([key, { value }]): VmNic[] => {
      const match = /^net(\d+)$/.exec(key);
      if (!match) return [];
      const { model, bridge, macaddr, mtu, queues } = value as v.InferOutput<typeof netSchema>;
      return [
        {
          key,
          index: Number(match[1]),
          model,
          bridge,
          macaddr: (macaddr ?? madeAddress(`${name ?? ''}/${key}`)).toUpperCase(),
          // 1 stands for the bridge's own.
          mtu: mtu === 1 ? undefined : mtu,
          queues: queues ?? 0,
        },
      ];
    })
    .sort((a, b) => a.index - b.index);
}

/** An address with Proxmox's own prefix, BC:24:11, that follows from a name: Proxmox itself draws one by lot. */
function madeAddress(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 3);
  return ['BC', '24', '11', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

interface Bootable {
  readonly boot: Value<'boot'> | undefined;
  readonly bootdisk: string | undefined;
  readonly disks: readonly VmDisk[];
  readonly nics: readonly VmNic[];
}

/**
 * What the firmware tries, in which order. Nothing said: the first disk, the first CD-ROM and the first NIC, which is what
 * Proxmox writes down when it creates a VM.
 */
function bootIndexes({ boot, bootdisk, disks, nics }: Bootable): Record<string, number> {
  if (boot?.legacy !== undefined || (boot === undefined && bootdisk !== undefined)) {
    return legacyIndexes(boot?.legacy ?? 'cdn', { bootdisk, disks, nics });
  }
  const first = (media: VmDisk['media']) => disks.find((disk) => disk.media === media)?.key;
  const order = boot === undefined ? [first('disk'), first('cdrom'), nics[0]?.key] : (boot.order ?? []);
  return Object.fromEntries(
    order.filter((key) => key !== undefined).map((key, position) => [key, 100 + position]),
  );
}

/** `cdn`: 100 for the boot disk, from 200 for CD-ROMs, from 300 for NICs. */
function legacyIndexes(
  letters: string,
  { bootdisk, disks, nics }: Omit<Bootable, 'boot'>,
): Record<string, number> {
  const base = (letter: string) => (letters.indexOf(letter) + 1) * 100;
  const counted = (letter: string, found: readonly { readonly key: string }[]) =>
    base(letter) === 0 ? [] : found.map(({ key }, position) => [key, base(letter) + position] as const);
  const disk = disks.filter(({ key, media }) => key === bootdisk && media === 'disk');
  return Object.fromEntries([
    ...counted('c', disk),
    ...counted(
      'd',
      disks.filter(({ media }) => media === 'cdrom'),
    ),
    ...counted('n', nics),
  ]);
}

/** What reaches a guest on Proxmox and not the machine under test; that a key is switched off needs no word. */
function notModelled(checked: CheckedKeys): string[] {
  const off = (value: unknown) => value === false || value === '0' || value === 0;
  return Object.entries(checked).flatMap(([key, { value }]) =>
    recordOf(key)?.role === 'notModelled' ? (off(value) ? [] : [key]) : partsNotModelled(key, value),
  );
}

const unmodelledParts: Readonly<Record<string, readonly string[]>> = {
  machine: ['viommu', 'aw-bits', 'enable-s3', 'enable-s4'],
  cpu: ['hv-vendor-id', 'reported-model', 'phys-bits', 'guest-phys-bits', 'level'],
  vga: ['clipboard'],
  net: ['link_down', 'host-tunnel'],
  scsi: ['scsiblock'],
};

function partsNotModelled(key: string, value: unknown): string[] {
  const parts = unmodelledParts[key.replace(/\d+$/, '')] ?? [];
  const members = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return [
    ...parts
      .filter((part) => members[part] !== undefined && members[part] !== false)
      .map((part) => `${key}.${part}`),
    ...(key === 'cpu' && String(members['cputype']).startsWith('custom-') ? ['cpu.cputype'] : []),
    ...(/^net/.test(key) && Number(members['queues'] ?? 0) > 1 ? [`${key}.queues`] : []),
    ...(/^serial/.test(key) && value !== 'socket' ? [key] : []),
    // SPICE brings a screen and a channel of its own.
    ...(key === 'vga' && /^(virtio-gl|qxl\d?)$/.test(String(members['type'])) ? ['vga.type'] : []),
    // Windows gets Hyper-V's interfaces and another clock.
    ...(key === 'ostype' && /^w/.test(String(value)) ? ['ostype'] : []),
  ];
}
