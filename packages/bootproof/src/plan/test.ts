import type { VmConfiguration } from '../hardware/vm.ts';
import type { Probe } from '../probes/probe.ts';
import type { ImageRecipe, NotRealised } from '../services/recipe.ts';
import type { OptionCoverage } from './coverage.ts';

/** A declared option that no probe can prove, with the reason: raw Nix, an option outside the typed surface, or one without an effect. */
export interface NotProvable {
  readonly option: string;
  readonly files: readonly string[];
  readonly reason: string;
}

/** The hardware of a test: the VM as Proxmox would run it, and what of it depends on the configuration. */
export interface TestHardware {
  readonly vm: VmConfiguration;
  /** Whether the VM has the guest agent's channel, the virtio-serial port `org.qemu.guest_agent.0`. */
  readonly agentChannel: boolean;
}

/** A host's plan: all that a run needs, frozen, and the same after a round trip through JSON. */
export interface Test {
  /** `hl02-test`, as the nixosTest of the emitted flake is called too. */
  readonly name: string;
  readonly hostName: string;
  readonly hardware: TestHardware;
  /** How the driver logs in from outside; undefined when the host runs no SSH server. */
  readonly ssh: { readonly guestPort: number } | undefined;
  readonly image: ImageRecipe;
  readonly probes: readonly Probe[];
  /** What was declared and the stand-in does not have. */
  readonly notRealised: readonly NotRealised[];
  readonly notProvable: readonly NotProvable[];
  /** Every declared option, with the probes that show it or the reason why none does. */
  readonly coverage: readonly OptionCoverage[];
}
