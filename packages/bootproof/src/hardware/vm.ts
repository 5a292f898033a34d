import type * as v from 'valibot';
import { DeclarationError, type Fault } from '../base/errors.ts';
import { deepFreeze } from '../base/json.ts';
import { callSite, relativeTo } from '../base/stack.ts';
import { checkKey, type DeclaredKey } from './check-keys.ts';
import { checkTogether } from './check-vm.ts';
import { type CheckedKeys, withDefaults } from './defaults.ts';
import type { DriveBus, KeyRecord, keys, NicModel, numberedKeys } from './schema.ts';

const vmKey: unique symbol = Symbol.for('bootproof.vm') as never;

/** A VM as it was declared: its own keys, and the VMs whose keys it takes over. */
export interface Vm {
  readonly [vmKey]: true;
  readonly file: string;
  readonly line: number | undefined;
  readonly extends: readonly Vm[];
  readonly keys: Readonly<Record<string, unknown>>;
}

/** What a key may be declared as: its object, or, where Proxmox writes a property string, that or its first member alone. */
type Declared<R extends KeyRecord> =
  | v.InferInput<R['schema']>
  | (R extends { readonly defaultKey: infer First }
      ? string | (First extends keyof v.InferInput<R['schema']> ? v.InferInput<R['schema']>[First] : never)
      : never);

/** The numbers from 0 to `Last`. */
type UpTo<Last extends number, Counted extends number[] = []> = Counted['length'] extends Last
  ? Counted[number] | Last
  : UpTo<Last, [...Counted, Counted['length']]>;

type Single = { readonly [Key in keyof typeof keys]?: Declared<(typeof keys)[Key]> };

type OfFamily<Family extends keyof typeof numberedKeys> = {
  readonly [Key in `${Family}${UpTo<(typeof numberedKeys)[Family]['last']>}`]?: Declared<
    (typeof numberedKeys)[Family]
  >;
};

/** The keys of Proxmox's qm.conf, in its spelling. Disks, NICs and the like may also be given as the texts that it has. */
export type VmKeys = Single &
  OfFamily<'virtio'> &
  OfFamily<'scsi'> &
  OfFamily<'sata'> &
  OfFamily<'ide'> &
  OfFamily<'net'> &
  OfFamily<'serial'> &
  OfFamily<'usb'> &
  OfFamily<'hostpci'> &
  OfFamily<'numa'> &
  OfFamily<'parallel'> &
  OfFamily<'virtiofs'> &
  OfFamily<'ipconfig'>;

export type VmDefinition = VmKeys & {
  /** VMs that give defaults, as roles do: of the same key, a later one's value counts, and this VM's own above all. */
  readonly extends?: readonly Vm[];
};

/** Defines a VM by the keys of Proxmox's qm.conf. Its values are checked when it is resolved, all of them at once. */
export function defineVm(definition: VmDefinition): Vm {
  const { extends: bases = [], ...own } = definition;
  const { file, line } = callSite(defineVm);
  return Object.freeze({
    [vmKey]: true as const,
    file,
    line,
    extends: Object.freeze([...bases]),
    keys: deepFreeze(own),
  });
}

export function isVm(value: unknown): value is Vm {
  return typeof value === 'object' && value !== null && vmKey in value;
}

/** A disk or a CD-ROM drive of the machine, under the key that Proxmox has it under. */
export interface VmDisk {
  readonly key: string;
  readonly bus: DriveBus;
  readonly index: number;
  readonly media: 'disk' | 'cdrom';
  readonly storage: string | undefined;
  /** The volume that is there already; `none` is an empty drive. */
  readonly volume: string | undefined;
  /** As declared: `32G`; undefined for a disk without a size. */
  readonly size: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly serial: string | undefined;
  readonly discard: boolean;
  readonly iothread: boolean;
  /** Seen by the guest as a disk that does not rotate. */
  readonly ssd: boolean;
  readonly readOnly: boolean;
  /** Whether the guest is told of a write cache: not with `writethrough` and `directsync`. */
  readonly writeCache: boolean;
  readonly queues: number | undefined;
  readonly wwn: string | undefined;
  readonly model: string | undefined;
  readonly vendor: string | undefined;
  readonly product: string | undefined;
}

export interface VmNic {
  readonly key: string;
  readonly index: number;
  readonly model: NicModel;
  readonly bridge: string | undefined;
  /** As declared, or made of the VM's name: a test's machine has the same one at every boot. */
  readonly macaddr: string;
  /** What the guest is told to use; undefined: that of the bridge. */
  readonly mtu: number | undefined;
  readonly queues: number;
}

/** A VM with Proxmox's defaults filled in: plain data, all that its hardware follows from. */
export interface VmConfiguration {
  readonly name: string | undefined;
  readonly bios: 'seabios' | 'ovmf';
  /** The chipset: `pc` is i440fx. */
  readonly machine: 'pc' | 'q35';
  /** The machine's version, `9.2+pve1`; undefined: the newest, as Proxmox does for machines without a version. */
  readonly machineVersion: string | undefined;
  readonly cpu: {
    /** `kvm64` in Proxmox's backend when nothing is said. */
    readonly type: string;
    /** `+aes`, `-pcid`. */
    readonly flags: readonly string[];
    readonly hidden: boolean;
  };
  readonly sockets: number;
  readonly cores: number;
  /** CPUs that are plugged in at the start. */
  readonly vcpus: number;
  /** MiB. */
  readonly memory: number;
  /** Whether there is a balloon device. */
  readonly balloon: boolean;
  readonly acpi: boolean;
  /** `l26` is Linux. */
  readonly ostype: string;
  readonly agent: { readonly enabled: boolean; readonly type: 'virtio' | 'isa' };
  /** The numbers of the serial ports: 0 for `serial0`. */
  readonly serialPorts: readonly number[];
  readonly vga: { readonly type: string; readonly memory: number | undefined };
  readonly tablet: boolean;
  readonly scsihw: string;
  /** Undefined: the EFI variables are gone after each stop. */
  readonly efidisk: { readonly efitype: '2m' | '4m'; readonly preEnrolledKeys: boolean } | undefined;
  readonly disks: readonly VmDisk[];
  readonly nics: readonly VmNic[];
  /** The firmware tries devices by these numbers, lowest first, and no others. */
  readonly bootIndexes: Readonly<Record<string, number>>;
  readonly smbios1: Readonly<Record<string, string>>;
  readonly rng: { readonly source: string; readonly maxBytes: number; readonly period: number } | undefined;
  readonly vmgenid: string | undefined;
  /** Whether ACPI reports hotplug slots behind PCI bridges: QEMU's default since 6.1, which Proxmox turns off for older VMs. */
  readonly bridgeHotplug: boolean;
  /** Declared keys, or parts of them, whose hardware the machine under test does not have. */
  readonly notModelled: readonly string[];
  /** The files that declare it, this VM's own first. */
  readonly files: readonly string[];
  /** For each declared key, the file that sets it. */
  readonly filesByKey: Readonly<Record<string, string>>;
}

/**
 * Merges a VM with what it extends, checks every key, and fills in Proxmox's defaults.
 *
 * @param root a folder that file names are shown relative to
 * @throws DeclarationError with every fault
 */
export function resolveVm(vm: Vm, root?: string): VmConfiguration {
  const shown = (file: string) => relativeTo(root, file);
  const faults: Fault[] = [];
  const checked = new Map<string, CheckedKeys[string]>();
  // A role's value is checked even where a host's own hides it: it is wrong for the next host.
  for (const [key, declared] of declaredKeys(vm, shown)) {
    const { value, faults: found } = checkKey(key, declared);
    faults.push(...found);
    if (found.length === 0) checked.set(key, { value, file: declared.file });
    else checked.delete(key);
  }
  const configuration = withDefaults(Object.fromEntries(checked));
  const filesByKey = Object.fromEntries([...checked].map(([key, { file }]) => [key, file]));
  const files = [...new Set([shown(vm.file), ...Object.values(filesByKey)])];
  const whole = { ...configuration, files, filesByKey };
  faults.push(...checkTogether(whole, Object.fromEntries(checked)));
  if (faults.length > 0) throw new DeclarationError(unique(faults));
  return deepFreeze(whole);
}

/** Every key, in the order in which a later one takes an earlier one's place. */
function declaredKeys(vm: Vm, shown: (file: string) => string): [string, DeclaredKey][] {
  const inherited = vm.extends.flatMap((base) => declaredKeys(base, shown));
  const own = Object.entries(vm.keys).flatMap(([key, value]): [string, DeclaredKey][] =>
    value === undefined ? [] : [[key, { value, file: shown(vm.file) }]],
  );
  return [...inherited, ...own];
}

/** A role that is extended twice says its faults once. */
function unique(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
