/**
 * The keys of qm.conf that become hardware here, with the values that they take. Source: Proxmox VE, qm.conf(5), and the
 * schema that qemu-server 9.2 publishes.
 */
import * as v from 'valibot';
import { amount, flag, maybe, names, oneOf, size, text, whole } from './values.ts';

const hexMac = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;

const drive = {
  /** Proxmox's own form: `local-lvm:32` for a new volume of 32 GiB, `local-lvm:vm-100-disk-0` for one that is there. */
  file: maybe(text('a volume such as local-lvm:32 or local-lvm:vm-100-disk-0', /^[^\s,]+$/)),
  /** The storage that the volume lies on: `local-lvm`. */
  storage: maybe(text('the name of a storage', /^[A-Za-z][\w.-]*$/)),
  /** The volume on it, when it is there already: `vm-100-disk-0`. */
  volume: maybe(text('the name of a volume', /^[^\s,]+$/)),
  /** `32G`. What Proxmox makes the volume with. */
  size: maybe(size),
  media: maybe(oneOf('disk', 'cdrom')),
  cache: maybe(oneOf('none', 'writethrough', 'writeback', 'unsafe', 'directsync')),
  format: maybe(oneOf('raw', 'qcow', 'qed', 'qcow2', 'vmdk', 'cloop')),
  /** Whether the guest's discards reach the storage. */
  discard: maybe(
    v.pipe(
      v.custom<boolean | 'on' | 'ignore'>(
        (value) => typeof value === 'boolean' || value === 'on' || value === 'ignore',
        "true or false (or 'on' or 'ignore')",
      ),
      v.transform((value) => value === true || value === 'on'),
    ),
  ),
  /** What the guest sees as the disk's serial number. For virtio the only way to a name under /dev/disk/by-id. */
  serial: maybe(text('a text of at most 20 characters without commas', /^[^,]{1,20}$/)),
  backup: maybe(flag),
  replicate: maybe(flag),
  snapshot: maybe(flag),
  shared: maybe(flag),
  detect_zeroes: maybe(flag),
  aio: maybe(oneOf('native', 'threads', 'io_uring')),
  rerror: maybe(oneOf('ignore', 'report', 'stop')),
  werror: maybe(oneOf('enospc', 'ignore', 'report', 'stop')),
  ...limits(),
};

/** Limits of throughput: they pass through to Proxmox, and a test runs without them. */
function limits() {
  const bytes = maybe(amount);
  return {
    bps: bytes,
    bps_rd: bytes,
    bps_wr: bytes,
    mbps: bytes,
    mbps_rd: bytes,
    mbps_wr: bytes,
    mbps_max: bytes,
    mbps_rd_max: bytes,
    mbps_wr_max: bytes,
    iops: bytes,
    iops_rd: bytes,
    iops_wr: bytes,
    iops_max: bytes,
    iops_rd_max: bytes,
    iops_wr_max: bytes,
  };
}

const iothread = { iothread: maybe(flag) };
const ssd = { ssd: maybe(flag) };
const ro = { ro: maybe(flag) };
const wwn = { wwn: maybe(text('0x and 16 hexadecimal digits', /^0x[0-9a-f]{16}$/i)) };

export const driveSchemas = {
  virtio: v.strictObject({ ...drive, ...iothread, ...ro }),
  scsi: v.strictObject({
    ...drive,
    ...iothread,
    ...ro,
    ...ssd,
    ...wwn,
    queues: maybe(whole(2)),
    scsiblock: maybe(flag),
    product: maybe(text('at most 16 letters, digits, dashes and spaces', /^[\w\- ]{0,16}$/)),
    vendor: maybe(text('at most 8 letters, digits, dashes and spaces', /^[\w\- ]{0,8}$/)),
  }),
  sata: v.strictObject({ ...drive, ...ssd, ...wwn }),
  ide: v.strictObject({
    ...drive,
    ...ssd,
    ...wwn,
    model: maybe(text('a text of at most 40 characters', /^[^,]{1,40}$/)),
  }),
};

export const efidiskSchema = v.strictObject({
  file: drive.file,
  storage: drive.storage,
  volume: drive.volume,
  size: drive.size,
  format: drive.format,
  /** `4m` for new machines; `2m` is what Proxmox takes unless told. */
  efitype: maybe(oneOf('2m', '4m')),
  /** Enrols Microsoft's keys and with them turns Secure Boot on. */
  'pre-enrolled-keys': maybe(flag),
  'ms-cert': maybe(oneOf('2011', '2023', '2023w', '2023k')),
});

export const nicModels = [
  'virtio',
  'e1000',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'e1000e',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
  'rtl8139',
  'vmxnet3',
] as const;

export const netSchema = v.strictObject({
  model: oneOf(...nicModels),
  /** Made of the VM's name and the key unless told; Proxmox makes one at random. */
  macaddr: maybe(text('an address of one machine such as BC:24:11:00:00:01', hexMac)),
  /** `vmbr0`. */
  bridge: maybe(text('the name of a bridge', /^[A-Za-z]\w*$/)),
  firewall: maybe(flag),
  link_down: maybe(flag),
  /** 1: that of the bridge. */
  mtu: maybe(whole(1, 65520, ' of bytes')),
  queues: maybe(whole(0, 64)),
  rate: maybe(amount),
  tag: maybe(whole(1, 4094)),
  trunks: maybe(text('VLANs such as 2;5-9', /^\d+(-\d+)?(;\d+(-\d+)?)*$/)),
  'host-tunnel': maybe(flag),
});

export const agentSchema = v.strictObject({
  enabled: maybe(flag),
  /** Which device carries the channel. `virtio`. */
  type: maybe(oneOf('virtio', 'isa')),
  fstrim_cloned_disks: maybe(flag),
  'freeze-fs': maybe(flag),
  'freeze-fs-on-backup': maybe(flag),
});

const machinePattern =
  /^(pc|q35|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?)$/;

export const machineSchema = v.strictObject({
  /** `pc` (i440fx) unless told. */
  type: maybe(text("'pc', 'q35' or one with its version, such as 'pc-q35-9.2+pve1'", machinePattern)),
  viommu: maybe(oneOf('intel', 'virtio')),
  'aw-bits': maybe(whole(32, 64)),
  'enable-s3': maybe(flag),
  'enable-s4': maybe(flag),
});

export const cpuSchema = v.strictObject({
  /** `kvm64` unless told; the web page of Proxmox proposes `x86-64-v2-AES`. */
  cputype: maybe(text("a CPU such as 'x86-64-v2-AES' or 'host'", /^[A-Za-z0-9][\w.-]*$/)),
  /** `+aes;-pcid`. */
  flags: maybe(text("flags such as '+aes;-pcid'", /^[+-][\w.-]+(;[+-][\w.-]+)*$/)),
  hidden: maybe(flag),
  'hv-vendor-id': maybe(text('1 to 12 letters and digits', /^[A-Za-z0-9]{1,12}$/)),
  'reported-model': maybe(text('a CPU that QEMU has')),
  'phys-bits': maybe(text("'host' or 8 to 64", /^(host|[89]|[1-5]\d|6[0-4])$/)),
  'guest-phys-bits': maybe(whole(32, 64)),
  level: maybe(whole(0, 4294967295)),
});

export const vgaSchema = v.strictObject({
  type: maybe(
    oneOf(
      'std',
      'cirrus',
      'vmware',
      'qxl',
      'qxl2',
      'qxl3',
      'qxl4',
      'virtio',
      'virtio-gl',
      'serial0',
      'serial1',
      'serial2',
      'serial3',
      'none',
    ),
  ),
  memory: maybe(whole(4, 512, ' of MiB')),
  clipboard: maybe(oneOf('vnc')),
});

export const bootSchema = v.strictObject({
  /** The devices to try, in this order: `['virtio0', 'net0']`. */
  order: maybe(names("the names of devices, such as ['virtio0', 'net0']")),
  /** The old form: `c` disk, `d` CD-ROM, `n` network. */
  legacy: maybe(text("letters of 'acdn'", /^[acdn]{1,4}$/)),
});

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const word = maybe(text());

export const smbiosSchema = v.strictObject({
  uuid: maybe(text('a UUID', uuid)),
  manufacturer: word,
  product: word,
  version: word,
  serial: word,
  sku: word,
  family: word,
  base64: maybe(flag),
});

export const rngSchema = v.strictObject({
  source: oneOf('/dev/urandom', '/dev/random', '/dev/hwrng'),
  max_bytes: maybe(whole(0)),
  period: maybe(whole(1, undefined, ' of milliseconds')),
});

export const metaSchema = v.strictObject({
  /** The QEMU that the VM was made with. Proxmox writes it; machines from before 6.1 keep their PCI hotplug. */
  'creation-qemu': maybe(text('a version such as 9.2.0', /^\d+(\.\d+)+$/)),
  ctime: maybe(whole(0)),
});

export const memorySchema = v.strictObject({ current: whole(16, undefined, ' of MiB') });

const anything = v.custom<string | number | boolean>(
  (value) => ['string', 'number', 'boolean'].includes(typeof value),
  'a text, a number or a boolean, as in qm.conf',
);

/** What becomes of a key: hardware, nothing that a guest could see, or something that is not modelled yet. */
export type KeyRole = 'hardware' | 'outside' | 'notModelled';

export interface KeyRecord {
  readonly schema: v.GenericSchema;
  readonly role: KeyRole;
  /** A key with a number counts from 0 to this. */
  readonly last?: number;
  /** A value that Proxmox writes as a property string: its first member's name, which may be left out. */
  readonly defaultKey?: string;
}

const hardware = <S extends v.GenericSchema>(schema: S) => ({ schema, role: 'hardware' }) as const;

/** Hardware that Proxmox writes as a property string. `meta` names all its members. */
const property = <S extends v.GenericSchema, const First extends string>(schema: S, defaultKey: First) =>
  ({ schema, role: 'hardware', defaultKey }) as const;

const upTo = <R extends KeyRecord, const Last extends number>(last: Last, record: R) => ({ ...record, last });

const outside = <S extends v.GenericSchema>(schema: S) => ({ schema, role: 'outside' }) as const;
const notModelled = <S extends v.GenericSchema>(schema: S) => ({ schema, role: 'notModelled' }) as const;
const manyNotModelled = <const Last extends number>(last: Last) => upTo(last, notModelled(anything));

const dnsName = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/;

/** Every key of qm.conf that a declaration may have, but for those with a number. */
export const keys = {
  name: hardware(text('a DNS name', dnsName)),
  bios: hardware(oneOf('seabios', 'ovmf')),
  machine: property(machineSchema, 'type'),
  cpu: property(cpuSchema, 'cputype'),
  cores: hardware(whole(1)),
  sockets: hardware(whole(1)),
  vcpus: hardware(whole(1)),
  memory: property(memorySchema, 'current'),
  balloon: hardware(whole(0, undefined, ' of MiB')),
  scsihw: hardware(oneOf('lsi', 'lsi53c810', 'virtio-scsi-pci', 'virtio-scsi-single', 'megasas', 'pvscsi')),
  efidisk0: property(efidiskSchema, 'file'),
  agent: property(agentSchema, 'enabled'),
  vga: property(vgaSchema, 'type'),
  tablet: hardware(flag),
  boot: property(bootSchema, 'legacy'),
  bootdisk: hardware(text('the name of a disk', /^(ide|sata|scsi|virtio)\d+$/)),
  ostype: hardware(
    oneOf(
      'other',
      'l24',
      'l26',
      'solaris',
      'wxp',
      'w2k',
      'w2k3',
      'w2k8',
      'wvista',
      'win7',
      'win8',
      'win10',
      'win11',
    ),
  ),
  acpi: hardware(flag),
  smbios1: property(smbiosSchema, 'uuid'),
  vmgenid: hardware(
    text('a UUID, or 1 to have one made, or 0 for none', new RegExp(`${uuid.source}|^[01]$`, 'i')),
  ),
  rng0: property(rngSchema, 'source'),
  meta: property(metaSchema, ''),

  description: outside(v.pipe(v.string('a text'), v.maxLength(8192, 'a text of at most 8192 characters'))),
  tags: outside(names('tags')),
  onboot: outside(flag),
  autostart: outside(flag),
  startup: outside(anything),
  protection: outside(flag),
  cpulimit: outside(amount),
  cpuunits: outside(whole(1, 262144)),
  shares: outside(whole(0, 50000)),
  affinity: outside(anything),
  'allow-ksm': outside(flag),
  keyboard: outside(anything),
  hookscript: outside(anything),
  lock: outside(anything),
  migrate_speed: outside(whole(0)),
  migrate_downtime: outside(amount),
  vmstatestorage: outside(anything),
  kvm: outside(flag),

  hotplug: notModelled(
    v.pipe(
      v.custom<boolean | 0 | 1 | string>(
        (value) =>
          value === true || value === false || value === 0 || value === 1 || typeof value === 'string',
        "features such as 'network,disk,usb', or 1 or 0",
      ),
      v.transform(String),
    ),
  ),
  numa: notModelled(flag),
  hugepages: notModelled(oneOf('any', '2', '1024')),
  keephugepages: notModelled(flag),
  reboot: notModelled(flag),
  template: notModelled(flag),
  freeze: notModelled(flag),
  tdf: notModelled(flag),
  localtime: notModelled(flag),
  startdate: notModelled(anything),
  watchdog: notModelled(anything),
  audio0: notModelled(anything),
  spice_enhancements: notModelled(anything),
  ivshmem: notModelled(anything),
  tpmstate0: notModelled(anything),
  'amd-sev': notModelled(anything),
  'intel-tdx': notModelled(anything),
  arch: notModelled(oneOf('x86_64')),
  args: notModelled(anything),
  citype: notModelled(anything),
  ciuser: notModelled(anything),
  cipassword: notModelled(anything),
  ciupgrade: notModelled(flag),
  cicustom: notModelled(anything),
  searchdomain: notModelled(anything),
  nameserver: notModelled(anything),
  sshkeys: notModelled(anything),
} satisfies Record<string, KeyRecord>;

const serialSchema = text("'socket' or a device such as /dev/ttyS0", /^(socket|\/dev\/[^,]+)$/);

/** The keys that come with a number, by the name before it. */
export const numberedKeys = {
  virtio: upTo(15, property(driveSchemas.virtio, 'file')),
  scsi: upTo(30, property(driveSchemas.scsi, 'file')),
  sata: upTo(5, property(driveSchemas.sata, 'file')),
  ide: upTo(3, property(driveSchemas.ide, 'file')),
  net: upTo(31, property(netSchema, 'model')),
  serial: upTo(3, hardware(serialSchema)),
  usb: manyNotModelled(13),
  hostpci: manyNotModelled(15),
  numa: manyNotModelled(7),
  parallel: manyNotModelled(2),
  virtiofs: manyNotModelled(9),
  ipconfig: manyNotModelled(31),
} satisfies Record<string, KeyRecord & { readonly last: number }>;

export type DriveBus = keyof typeof driveSchemas;
export type NicModel = (typeof nicModels)[number];
