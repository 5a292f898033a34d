/**
 * Proxmox's property strings: `local-lvm:32,discard=on`, `virtio=BC:24:11:00:00:01,bridge=vmbr0`. The first part may go
 * without its key.
 */

const numbers = new Set(['mtu', 'queues', 'tag', 'rate']);
const flags = new Set([
  'iothread',
  'ssd',
  'backup',
  'replicate',
  'ro',
  'firewall',
  'link_down',
  'pre-enrolled-keys',
]);
const models = ['virtio', 'e1000', 'e1000e', 'rtl8139', 'vmxnet3'];

/** The object that a property string stands for. `family` is the key without its number. */
export function parsePropertyString(family: string, text: string): Record<string, unknown> {
  const parts = text.split(',').filter((part) => part !== '');
  return Object.assign({}, ...parts.map((part, index) => parsePart(family, part, index === 0)));
}

function parsePart(family: string, part: string, first: boolean): Record<string, unknown> {
  const equals = part.indexOf('=');
  const [key, value] = equals < 0 ? ['', part] : [part.slice(0, equals), part.slice(equals + 1)];
  if (family === 'net' && models.includes(key)) return { model: key, macaddr: value };
  if (family === 'net' && key === '' && models.includes(value)) return { model: value };
  if (key === '' && first) return volume(value);
  if (numbers.has(key)) return { [key]: Number(value) };
  if (flags.has(key)) return { [key]: value === '1' || value === 'on' };
  return { [key === 'volume' ? 'file' : key]: value };
}

/** `local-lvm:32` makes a disk of 32 GiB; `local-lvm:vm-100-disk-0` names one that is there. */
function volume(text: string): Record<string, unknown> {
  const match = /^([^:]+):(.*)$/.exec(text);
  if (match === null) return { file: text };
  const [, storage, rest = ''] = match;
  return /^\d+(\.\d+)?$/.test(rest) ? { storage, size: `${rest}G` } : { storage, file: rest };
}
