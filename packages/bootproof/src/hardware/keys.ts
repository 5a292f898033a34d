import * as v from 'valibot';
import { parseSize } from '../base/size.ts';

/**
 * The keys of a VM's configuration, as Proxmox VE spells them in qm.conf(5), each with what it may be. Source: the
 * manual page, and the API's schema of pve-docs 9.1.
 */

const flag = v.union([v.boolean(), v.picklist([0, 1])], 'has to be true or false (or 1 or 0)');
const count = (least: number, most: number) =>
  v.pipe(
    v.number('has to be a number'),
    v.integer('has to be a whole number'),
    v.minValue(least, `has to be at least ${least}`),
    v.maxValue(most, `has to be at most ${most}`),
  );
const text = v.string('has to be a string');
const size = v.pipe(
  text,
  v.check((value) => (parseSize(value) ?? 0) > 0, 'has to be a size such as 32G'),
);

/** A disk of a bus. `size` is that of the disk when it is made, and of the machine under test. */
const disk = v.strictObject({
  storage: v.optional(text),
  size: v.optional(size),
  file: v.optional(text),
  media: v.optional(v.picklist(['disk', 'cdrom'])),
  format: v.optional(v.picklist(['raw', 'qcow2', 'vmdk'])),
  discard: v.optional(v.picklist(['on', 'ignore'])),
  iothread: v.optional(flag),
  ssd: v.optional(flag),
  backup: v.optional(flag),
  replicate: v.optional(flag),
  ro: v.optional(flag),
  serial: v.optional(v.pipe(text, v.maxLength(20, 'has to have at most 20 characters'))),
  cache: v.optional(v.picklist(['none', 'writethrough', 'writeback', 'unsafe', 'directsync'])),
  aio: v.optional(v.picklist(['native', 'threads', 'io_uring'])),
});

const macaddr = v.pipe(
  text,
  v.regex(/^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$/, 'has to be a unicast MAC address'),
);

const nic = v.strictObject({
  model: v.picklist(['virtio', 'e1000', 'e1000e', 'rtl8139', 'vmxnet3']),
  bridge: v.optional(text),
  macaddr: v.optional(macaddr),
  firewall: v.optional(flag),
  link_down: v.optional(flag),
  mtu: v.optional(count(1, 65520)),
  queues: v.optional(count(0, 64)),
  rate: v.optional(v.number()),
  tag: v.optional(count(1, 4094)),
});

const agent = v.strictObject({
  enabled: flag,
  type: v.optional(v.picklist(['virtio', 'isa'])),
  fstrim_cloned_disks: v.optional(flag),
  'freeze-fs-on-backup': v.optional(flag),
});

const efidisk = v.strictObject({
  storage: v.optional(text),
  file: v.optional(text),
  efitype: v.optional(v.picklist(['2m', '4m'])),
  format: v.optional(v.picklist(['raw', 'qcow2', 'vmdk'])),
  'pre-enrolled-keys': v.optional(flag),
  size: v.optional(size),
});

const machineType = v.pipe(
  text,
  v.regex(
    /^(pc|q35|pc-(i440fx|q35)-\d+\.\d+(\+pve\d+)?)$/,
    'has to be pc, q35, or one of those with a version such as pc-q35-9.2',
  ),
);

const single = {
  agent: v.union([flag, agent]),
  balloon: count(0, 4_194_304),
  bios: v.picklist(['seabios', 'ovmf']),
  boot: v.union([text, v.strictObject({ order: v.array(text) })]),
  cores: count(1, 128),
  cpu: text,
  description: text,
  efidisk0: efidisk,
  machine: machineType,
  memory: count(16, 4_194_304),
  name: v.pipe(text, v.regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/, 'has to be a DNS name')),
  onboot: flag,
  ostype: v.picklist([
    'other',
    'wxp',
    'w2k',
    'w2k3',
    'w2k8',
    'wvista',
    'win7',
    'win8',
    'win10',
    'win11',
    'l24',
    'l26',
    'solaris',
  ]),
  scsihw: v.picklist(['lsi', 'lsi53c810', 'virtio-scsi-pci', 'virtio-scsi-single', 'megasas', 'pvscsi']),
  sockets: count(1, 16),
  tablet: flag,
  tags: v.union([text, v.array(text)]),
  vga: v.picklist([
    'std',
    'none',
    'serial0',
    'serial1',
    'serial2',
    'serial3',
    'virtio',
    'qxl',
    'cirrus',
    'vmware',
  ]),
} as const;

/** Keys that are numbered: `virtio0` to `virtio15`. */
const numbered = {
  virtio: { schema: disk, count: 16 },
  scsi: { schema: disk, count: 31 },
  sata: { schema: disk, count: 6 },
  ide: { schema: disk, count: 4 },
  net: { schema: nic, count: 32 },
  serial: {
    schema: v.picklist(['socket'], 'has to be socket; a device of the Proxmox host is not there for a test'),
    count: 4,
  },
} as const;

/** Keys of Proxmox that say nothing of the hardware that a guest sees, or that are not modelled here. */
const plain = v.union([text, v.number(), v.boolean()]);
const others = [
  'acpi',
  'affinity',
  'arch',
  'args',
  'autostart',
  'cpulimit',
  'cpuunits',
  'freeze',
  'hookscript',
  'hotplug',
  'hugepages',
  'keephugepages',
  'keyboard',
  'kvm',
  'localtime',
  'migrate_downtime',
  'migrate_speed',
  'numa',
  'protection',
  'reboot',
  'rng0',
  'smbios1',
  'spice_enhancements',
  'startdate',
  'startup',
  'tdf',
  'template',
  'tpmstate0',
  'vcpus',
  'vmgenid',
  'vmstatestorage',
  'watchdog',
  'audio0',
  'ivshmem',
] as const;

/** Of those, the ones that a guest cannot see, so that nothing is lost when a test leaves them out. */
const invisible = new Set([
  'autostart',
  'cpulimit',
  'cpuunits',
  'description',
  'hookscript',
  'onboot',
  'protection',
  'startup',
  'tags',
  'name',
  'template',
  'keyboard',
]);

export type DeclaredDisk = v.InferInput<typeof disk>;
export type DeclaredNic = v.InferInput<typeof nic>;

type Singles = { readonly [Key in keyof typeof single]?: v.InferInput<(typeof single)[Key]> };
type Others = { readonly [Key in (typeof others)[number]]?: string | number | boolean };

/** What `defineVm` takes: the keys of qm.conf. Disks and NICs may also be given as Proxmox writes them. */
export type VmKeys = Omit<Singles, 'efidisk0'> &
  Others & {
    readonly efidisk0?: v.InferInput<typeof efidisk> | string;
  } & {
    readonly [key: `${'virtio' | 'scsi' | 'sata' | 'ide'}${number}`]: DeclaredDisk | string;
  } & { readonly [key: `net${number}`]: DeclaredNic | string } & {
    readonly [key: `serial${number}`]: 'socket';
  };

/** What a key may be; undefined when Proxmox has no such key. */
export function schemaOf(key: string): v.GenericSchema | undefined {
  if (Object.hasOwn(single, key)) return single[key as keyof typeof single];
  if ((others as readonly string[]).includes(key)) return plain;
  const match = /^([a-z]+)(0|[1-9]\d*)$/.exec(key);
  const family = numbered[match?.[1] as keyof typeof numbered];
  return family !== undefined && Number(match?.[2]) < family.count ? family.schema : undefined;
}

/** Whether a key is known, but the hardware that it stands for is not part of the machine under test. */
export const isNotModelled = (key: string): boolean =>
  (others as readonly string[]).includes(key) && !invisible.has(key);

/** Every key by name, the numbered ones with 0: what a mistyped key is compared with. */
export const knownKeys: readonly string[] = [
  ...Object.keys(single),
  ...others,
  ...Object.keys(numbered).flatMap((name) => [`${name}0`, `${name}1`]),
];

/** The values of keys after checking. */
export type Disk = v.InferOutput<typeof disk>;
export type Nic = v.InferOutput<typeof nic>;
export type Agent = v.InferOutput<typeof agent>;
export type EfiDisk = v.InferOutput<typeof efidisk>;
