/**
 * Proxmox's property strings: `local-lvm:32,discard=on,iothread=1`. The first member may leave its name out.
 * Source: Proxmox VE, qm.conf(5).
 */

export interface ParsedProperties {
  readonly properties: Readonly<Record<string, string>>;
  /** What could not be read: a member without a name that is not the first, or one that comes twice. */
  readonly faults: readonly string[];
}

/**
 * Splits a property string.
 *
 * @param defaultKey the name of a first member that has none; undefined when every member needs its name
 */
export function parseProperties(text: string, defaultKey: string | undefined): ParsedProperties {
  const properties: Record<string, string> = {};
  const faults: string[] = [];
  for (const [index, member] of text.split(',').entries()) {
    const equals = member.indexOf('=');
    const name = equals > 0 ? member.slice(0, equals).trim() : index === 0 ? defaultKey : undefined;
    if (name === undefined) {
      faults.push(`'${member}' is no name=value`);
    } else if (name in properties) {
      faults.push(`'${name}' comes twice`);
    } else {
      properties[name] = member.slice(equals + 1).trim();
    }
  }
  return { properties, faults };
}
