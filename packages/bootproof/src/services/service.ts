/** The shape of a catalogue entry. One file under services/ holds one service whole. */

import type { DiskLayout } from '../disk/layout.ts';
import type { ConfigOf, OptionTree, ResolvedOf, Verdict } from '../options/option.ts';
import type { Probe } from '../probes/probe.ts';
import type { NixosTestPart, NotTested } from './nixos-test.ts';
import type { ImageFile } from './recipe.ts';

/** What a service may know of the machine besides its own options: names that follow from the hardware. */
export interface Guest {
  readonly hostName: string;
  /** NICs as Linux names them on this hardware, in Proxmox's order: `enp6s18`. */
  readonly nics: readonly { readonly name: string; readonly driver: string }[];
  readonly disk: DiskLayout | undefined;
  /** The kernel driver of the disk: `virtio_blk`. */
  readonly diskDriver: string | undefined;
  /** Whether serial0 is there for a console. */
  readonly serialConsole: boolean;
}

/** What a stand-in image needs so that it has what was declared. */
export interface Realisation {
  readonly packages?: readonly string[];
  readonly files?: readonly ImageFile[];
  readonly initrdModules?: readonly string[];
  readonly kernelParams?: readonly string[];
}

export interface Service<Tree extends OptionTree = OptionTree> {
  /** As NixOS calls it, or the part of NixOS that it covers: `openssh`, `networking`. */
  readonly name: string;
  /** One sentence for the reference. */
  readonly description: string;
  readonly options: Tree;
  /** How Debian's own packages come to the same behaviour. Pure; called only with a configuration without faults. */
  realise?(config: ResolvedOf<Tree>, guest: Guest): Realisation;
  /** What becomes observable, as probes. Each names the options that it proves. */
  probes?(config: ResolvedOf<Tree>, guest: Guest): readonly Probe[];
  /**
   * Its part of the NixOS test, in references to the host's configuration. Required, so that what is proven here is
   * proven there too, or a reason is given why it cannot be.
   */
  nixosTest(config: ConfigOf<Tree>): NixosTestPart | NotTested;
}

const serviceKey: unique symbol = Symbol.for('bootproof.service') as never;

/**
 * Defines a service; its options' types follow into `realise` and `probes`. The default export of a file of `services/` in
 * the homelab.
 */
export function defineService<const Tree extends OptionTree>(service: Service<Tree>): Service<Tree> {
  return Object.freeze({ ...service, [serviceKey]: true });
}

export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && serviceKey in value;
}

/** A text file of mode 0644, with a newline at its end. */
export function textFile(path: string, lines: readonly string[], mode = 0o644): ImageFile {
  return { type: 'file', path, mode, text: `${lines.join('\n')}\n` };
}

/** Makes a target want a unit that a package brought or that the image carries: what `systemctl enable` does. */
export function wantedBy(target: string, unit: string, unitFolder = '/lib/systemd/system'): ImageFile {
  return {
    type: 'symlink',
    path: `/etc/systemd/system/${target}.wants/${unit}`,
    target: `${unitFolder}/${unit}`,
  };
}

/** The verdict on an option that a Debian base cannot have. The reason is a clause. */
export const nixosOnly = (reason: string): Verdict => ({ nixosOnly: reason });

/** The verdict on an option that the stand-in could have, and does not. */
export const notRealised = (reason: string): Verdict => ({ notRealised: reason });

/** The verdict on an option without an effect that could be seen. */
export const notProvable = (reason: string): Verdict => ({ notProvable: reason });
