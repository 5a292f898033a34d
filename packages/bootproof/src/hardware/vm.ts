import * as v from 'valibot';
import { DeclarationError, type Fault } from '../base/errors.ts';
import { deepFreeze } from '../base/json.ts';
import { nearestNames } from '../base/nearest.ts';
import { parseSize } from '../base/size.ts';
import { callSite, relativeTo } from '../base/stack.ts';
import {
  type Agent,
  type Disk,
  type EfiDisk,
  isNotModelled,
  knownKeys,
  type Nic,
  schemaOf,
  type VmKeys,
} from './keys.ts';
import { parsePropertyString } from './property-string.ts';

const vmKey: unique symbol = Symbol.for('bootproof.vm') as never;

/** A VM as it was declared: its own keys, and the VMs whose keys it takes over. */
export interface Vm {
  readonly [vmKey]: true;
  readonly file: string;
  readonly line: number | undefined;
  readonly extends: readonly Vm[];
  readonly keys: Readonly<Record<string, unknown>>;
}

export type VmDefinition = VmKeys & {
  /** VMs that give defaults, as roles do: of the same key, a later one's value counts, and this VM's own above all. */
  readonly extends?: readonly Vm[];
};

/** Defines a VM by the keys of Proxmox's qm.conf. */
export function defineVm(definition: VmDefinition): Vm {
  const { extends: bases = [], ...keys } = definition;
  const { file, line } = callSite(defineVm);
  return Object.freeze({
    [vmKey]: true as const,
    file,
    line,
    extends: Object.freeze([...bases]),
    keys: deepFreeze(keys),
  });
}

export function isVm(value: unknown): value is Vm {
  return typeof value === 'object' && value !== null && vmKey in value;
}

export type Bus = 'virtio' | 'scsi' | 'sata' | 'ide';

/** A disk of the machine, under the key that Proxmox has it under. */
export interface VmDisk {
  readonly key: string;
  readonly bus: Bus;
  readonly index: number;
  /** As declared: `32G`; undefined for a CD-ROM and for a disk without a size. */
  readonly size: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly serial: string | undefined;
  readonly discard: boolean;
  readonly iothread: boolean;
}

export interface VmNic {
  readonly key: string;
  readonly index: number;
  readonly model: Nic['model'];
  readonly bridge: string | undefined;
  /** As declared, or made of the VM's name: a test's machine has the same one at every boot. */
  readonly macaddr: string;
}

/** A VM with Proxmox's defaults filled in: plain data, all that its hardware follows from. */
export interface VmConfiguration {
  readonly name: string | undefined;
  readonly bios: 'seabios' | 'ovmf';
  /** The chipset, whatever version was declared. */
  readonly machine: 'pc' | 'q35';
  /** The CPU type: `kvm64` in Proxmox's backend when nothing is said. */
  readonly cpu: string;
  readonly sockets: number;
  readonly cores: number;
  /** MiB. */
  readonly memory: number;
  readonly balloon: boolean;
  readonly ostype: string;
  readonly agent: { readonly enabled: boolean; readonly type: 'virtio' | 'isa' };
  /** The numbers of the serial ports: 0 for `serial0`. */
  readonly serialPorts: readonly number[];
  readonly vga: string;
  readonly tablet: boolean;
  readonly scsihw: string;
  readonly efidisk: boolean;
  readonly disks: readonly VmDisk[];
  readonly nics: readonly VmNic[];
  /** The keys of the devices in the order in which the firmware tries them; undefined: disks first. */
  readonly bootOrder: readonly string[] | undefined;
  /** Declared keys whose hardware the machine under test does not have. */
  readonly notModelled: readonly string[];
  /** The files that declare it, this VM's own first. */
  readonly files: readonly string[];
  /** For each declared key, the file that sets it. */
  readonly filesByKey: Readonly<Record<string, string>>;
}

interface Declared {
  readonly value: unknown;
  readonly file: string;
}

/**
 * Merges a VM with what it extends, checks every key, and fills in Proxmox's defaults.
 *
 * @throws DeclarationError with every fault
 */
export function resolveVm(vm: Vm, root?: string): VmConfiguration {
  const declared = mergeKeys(vm, (file) => relativeTo(root, file));
  const faults: Fault[] = [];
  const checked = new Map<string, unknown>();
  for (const [key, { value, file }] of declared) {
    const outcome = checkKey(key, value, file);
    if ('fault' in outcome) faults.push(outcome.fault);
    else checked.set(key, outcome.value);
  }
  if (faults.length > 0) throw new DeclarationError(faults);
  const filesByKey = Object.fromEntries([...declared].map(([key, { file }]) => [key, file]));
  const files = [...new Set([relativeTo(root, vm.file), ...Object.values(filesByKey)])];
  return deepFreeze({ ...withDefaults(checked), files, filesByKey });
}

function mergeKeys(vm: Vm, shown: (file: string) => string): Map<string, Declared> {
  const merged = new Map<string, Declared>();
  for (const base of vm.extends) {
    for (const [key, declared] of mergeKeys(base, shown)) merged.set(key, declared);
  }
  for (const [key, value] of Object.entries(vm.keys)) {
    if (value !== undefined) merged.set(key, { value, file: shown(vm.file) });
  }
  return merged;
}

function checkKey(
  key: string,
  value: unknown,
  file: string,
): { readonly value: unknown } | { readonly fault: Fault } {
  const schema = schemaOf(key);
  if (schema === undefined) {
    const near = nearestNames(key, knownKeys);
    return {
      fault: {
        files: [file],
        option: key,
        value: shown(value),
        reason: 'Proxmox has no such key.',
        remedy: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'See qm.conf(5) for the keys.',
      },
    };
  }
  const family = key.replace(/\d+$/, '');
  const structured =
    typeof value === 'string' && ['virtio', 'scsi', 'sata', 'ide', 'net', 'efidisk'].includes(family)
      ? parsePropertyString(family, value)
      : value;
  const result = v.safeParse(schema, structured);
  if (result.success) return { value: result.output };
  return { fault: faultOf(key, value, file, result.issues[0]) };
}

function faultOf(key: string, value: unknown, file: string, issue: v.BaseIssue<unknown>): Fault {
  const inner = issue.path?.map((step) => String(step.key)).join('.');
  const unknownKey = issue.type === 'strict_object' && issue.expected === 'never';
  const allowed =
    issue.type === 'picklist'
      ? `has to be one of ${issue.expected?.replaceAll(' | ', ', ').replace(/[()"]/g, '')}`
      : issue.message;
  return {
    files: [file],
    option: inner === undefined ? key : `${key}.${inner}`,
    value: shown(
      issue.type === 'strict_object' && unknownKey ? inner : inner === undefined ? value : issue.input,
    ),
    reason: unknownKey
      ? `${key.replace(/\d+$/, '')} has no such part.`
      : `It ${allowed.replace(/^Invalid type: /, 'is of the wrong type: ')}.`,
    remedy: `See ${key} in qm.conf(5).`,
  };
}

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** Proxmox's own defaults. Source: qm.conf(5), and qemu-server's behaviour where the manual says nothing. */
function withDefaults(keys: ReadonlyMap<string, unknown>): Omit<VmConfiguration, 'files' | 'filesByKey'> {
  const get = <T>(key: string, fallback: T): T => (keys.get(key) as T | undefined) ?? fallback;
  const machine = get<string>('machine', 'pc');
  const agent = get<boolean | 0 | 1 | Agent>('agent', false);
  const enabled = typeof agent === 'object' ? agent.enabled : agent;
  const serialPorts = [...keys.keys()]
    .flatMap((key) => (/^serial\d$/.test(key) ? [Number(key.slice(6))] : []))
    .sort();
  const name = keys.get('name') as string | undefined;
  const boot = get<string | { readonly order: readonly string[] } | undefined>('boot', undefined);
  return {
    name,
    bios: get('bios', 'seabios'),
    machine: machine.includes('q35') ? 'q35' : 'pc',
    cpu: get('cpu', 'kvm64'),
    sockets: get('sockets', 1),
    cores: get('cores', 1),
    memory: get('memory', 512),
    balloon: get<number>('balloon', 1) !== 0,
    ostype: get('ostype', 'other'),
    agent: {
      enabled: Boolean(enabled),
      type: (typeof agent === 'object' ? agent.type : undefined) ?? 'virtio',
    },
    serialPorts,
    vga: get('vga', 'std'),
    tablet: Boolean(get('tablet', true)) && !get('vga', 'std').startsWith('serial'),
    scsihw: get('scsihw', 'lsi'),
    efidisk: keys.has('efidisk0') && (keys.get('efidisk0') as EfiDisk) !== undefined,
    disks: disksOf(keys),
    nics: nicsOf(keys, name),
    bootOrder: typeof boot === 'string' ? boot.replace(/^order=/, '').split(';') : boot?.order,
    notModelled: [...keys.keys()].filter(isNotModelled),
  };
}

function disksOf(keys: ReadonlyMap<string, unknown>): VmDisk[] {
  return [...keys].flatMap(([key, value]): VmDisk[] => {
    const match = /^(virtio|scsi|sata|ide)(\d+)$/.exec(key);
    const disk = value as Disk;
    if (match === null || disk.media === 'cdrom') return [];
    return [
      {
        key,
        bus: match[1] as Bus,
        index: Number(match[2]),
        size: disk.size,
        sizeBytes: disk.size === undefined ? undefined : parseSize(disk.size),
        serial: disk.serial,
        discard: disk.discard === 'on',
        iothread: Boolean(disk.iothread),
      },
    ];
  });
}

function nicsOf(keys: ReadonlyMap<string, unknown>, name: string | undefined): VmNic[] {
  return [...keys]
    .flatMap(([key, value]): VmNic[] => {
      const match = /^net(\d+)$/.exec(key);
      if (match === null) return [];
      const { model, bridge, macaddr } = value as Nic;
      const index = Number(match[1]);
      return [{ key, index, model, bridge, macaddr: macaddr ?? madeAddress(name ?? '', index) }];
    })
    .sort((a, b) => a.index - b.index);
}

/** A MAC address with Proxmox's own prefix, BC:24:11, that follows from the VM's name: Proxmox itself draws one by lot. */
function madeAddress(name: string, index: number): string {
  let hash = 0x811c9dc5;
  for (const character of `${name}/${index}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  const bytes = [hash >>> 16, hash >>> 8, hash].map((part) =>
    (part & 0xff).toString(16).padStart(2, '0').toUpperCase(),
  );
  return ['BC', '24', '11', ...bytes].join(':');
}
