import * as v from 'valibot';
import type { Fault } from '../base/errors.ts';
import { nearestNames } from '../base/nearest.ts';
import { parseProperties } from './property-string.ts';
import { type KeyRecord, keys, nicModels, numberedKeys } from './schema.ts';

/** A key as some file declares it. */
export interface DeclaredKey {
  readonly value: unknown;
  readonly file: string;
}

/** What is known of a key such as `memory` or `virtio0`; undefined when Proxmox has none of that name. */
export function recordOf(key: string): KeyRecord | undefined {
  if (Object.hasOwn(keys, key)) return keys[key as keyof typeof keys];
  const [, family = '', digits] = /^(\D+)(0|[1-9]\d*)$/.exec(key) ?? [];
  if (!Object.hasOwn(numberedKeys, family)) return undefined;
  const record: KeyRecord = numberedKeys[family as keyof typeof numberedKeys];
  return Number(digits) <= (record.last ?? 0) ? record : undefined;
}

/** Every key by name, those with a number as their first: what a mistyped one is compared with. */
const knownKeys = [...Object.keys(keys), ...Object.keys(numberedKeys).map((family) => `${family}0`)];

/** Checks a declared key. `value` is what came of it; absent when there are faults. */
export function checkKey(
  key: string,
  { value, file }: DeclaredKey,
): { readonly value?: unknown; readonly faults: readonly Fault[] } {
  const record = recordOf(key);
  if (record === undefined) return { faults: [unknownKey(key, value, file)] };
  const { properties, faults } = structured(key, value, record.defaultKey);
  const fault = (reason: string): Fault => ({
    files: [file],
    option: key,
    value: printed(value),
    reason,
    remedy: manual(key),
  });
  if (faults.length > 0) return { faults: faults.map((each) => fault(`it cannot be read: ${each}.`)) };
  const result = v.safeParse(record.schema, properties, { abortPipeEarly: true });
  if (result.success) return { value: result.output, faults: [] };
  return { faults: result.issues.map((issue) => faultOf(key, file, issue)) };
}

function unknownKey(key: string, value: unknown, file: string): Fault {
  const [, family = ''] = /^(\D+)\d+$/.exec(key) ?? [];
  const last = Object.hasOwn(numberedKeys, family)
    ? numberedKeys[family as keyof typeof numberedKeys].last
    : undefined;
  const near = nearestNames(key, knownKeys);
  return {
    files: [file],
    option: key,
    value: printed(value),
    reason: last === undefined ? 'Proxmox has no such key.' : `${family} counts from 0 to ${last}.`,
    remedy:
      last !== undefined
        ? `Use ${family}0 to ${family}${last}.`
        : near.length > 0
          ? `Did you mean ${near.join(' or ')}?`
          : 'See qm.conf(5) for the keys that there are.',
  };
}

const manual = (key: string) => `See ${key in keys ? key : key.replace(/\d+$/, '[n]')} in qm.conf(5).`;

function faultOf(key: string, file: string, issue: v.BaseIssue<unknown>): Fault {
  const members = (issue.path ?? []).map((step) => String(step.key));
  const option = [key, ...members].join('.');
  const fault = (reason: string, remedy: string, value?: string): Fault => ({
    files: [file],
    option,
    ...(value === undefined ? {} : { value }),
    reason,
    remedy,
  });
  if (issue.type === 'strict_object' && members.length > 0) {
    const member = members.at(-1) ?? '';
    if (issue.expected !== 'never') return fault(`${key} cannot do without it.`, manual(key));
    const near = nearestNames(member, membersOf(key));
    return fault(
      `${key} has no such part.`,
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `It has ${membersOf(key).join(', ')}.`,
      printed(issue.path?.at(-1)?.value),
    );
  }
  if (issue.type === 'strict_object') {
    return fault(
      `it takes an object such as { ${membersOf(key).slice(0, 2).join(', ')} }, or the text that qm.conf has.`,
      manual(key),
      printed(issue.input),
    );
  }
  const choices = issue.type === 'picklist' ? choicesOf(issue) : [];
  const near = typeof issue.input === 'string' ? nearestNames(issue.input.toLowerCase(), choices) : [];
  return fault(
    `it takes ${issue.message}.`,
    near.length > 0 ? `Did you mean ${near.map((each) => `'${each}'`).join(' or ')}?` : manual(key),
    printed(issue.input),
  );
}

function choicesOf(issue: v.BaseIssue<unknown>): readonly string[] {
  return (issue.requirement as readonly string[] | undefined) ?? pickedFrom(issue.expected ?? '');
}

/** valibot gives a picklist's choices as text: `("a" | "b")`. */
const pickedFrom = (expected: string): string[] =>
  [...expected.matchAll(/"([^"]*)"/g)].map(([, each]) => each ?? '');

function membersOf(key: string): readonly string[] {
  const schema = recordOf(key)?.schema as
    | { readonly entries?: Readonly<Record<string, unknown>> }
    | undefined;
  return Object.keys(schema?.entries ?? {});
}

interface Structured {
  readonly properties: unknown;
  readonly faults: readonly string[];
}

/** The value with its members apart: Proxmox's property strings are taken to pieces, and `undefined` counts as left out. */
function structured(key: string, value: unknown, defaultKey: string | undefined): Structured {
  const structuredKey = membersOf(key).length > 0;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const present = Object.entries(value).filter(([, member]) => member !== undefined);
    return { properties: ownForms(key, Object.fromEntries(present)), faults: [] };
  }
  if (!structuredKey || !['string', 'number', 'boolean'].includes(typeof value)) {
    return { properties: value, faults: [] };
  }
  // `agent: 1` and `memory: 4096`: the first member alone.
  if (typeof value !== 'string') return { properties: { [defaultKey ?? key]: value }, faults: [] };
  if (value === '') return { properties: {}, faults: [] };
  const { properties, faults } = parseProperties(value, defaultKey || undefined);
  return { properties: ownForms(key, properties), faults };
}

/** What Proxmox writes in a way of its own: `virtio=BC:24:11:…` of a NIC, and `storage:volume` of a disk. */
function ownForms(key: string, properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (/^net\d/.test(key)) {
    const model = nicModels.find((each) => each in properties);
    if (model === undefined) return { ...properties };
    const { [model]: macaddr, ...rest } = properties;
    return { model, macaddr, ...rest };
  }
  // `volume` is another name that Proxmox has for `file`; here it is the part behind the storage.
  const { file, ...rest } =
    typeof properties['volume'] === 'string' && properties['volume'].includes(':')
      ? { file: properties['volume'], ...without(properties, 'volume') }
      : properties;
  if (!/^(virtio|scsi|sata|ide|efidisk)\d/.test(key) || typeof file !== 'string') return { ...properties };
  return { ...volumeOf(file), ...rest };
}

function without(properties: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const { [name]: _left, ...rest } = properties;
  return rest;
}

function volumeOf(file: string): Record<string, string> {
  const colon = file.indexOf(':');
  // `none`, `cdrom` and paths lie on no storage.
  if (colon < 0 || file.startsWith('/')) return { volume: file };
  const [storage, volume] = [file.slice(0, colon), file.slice(colon + 1)];
  return /^\d+(\.\d+)?$/.test(volume) ? { storage, size: `${volume}G` } : { storage, volume };
}

/** A value as the user would write it. */
export function printed(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return (
    JSON.stringify(value, (_key, child: unknown) => child)
      ?.replaceAll(/"([A-Za-z_]\w*)":/g, '$1: ')
      .replaceAll('"', "'") ?? String(value)
  );
}
