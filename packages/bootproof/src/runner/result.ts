import type { CommandRecord, Span } from '../machine/records.ts';
import type { Proof } from '../probes/probe.ts';
import type { Breakdown } from '../probes/target.ts';
import type { NotRealised } from '../services/recipe.ts';
import type { PhaseName } from './events.ts';

export type { CommandRecord, Span };

/** A finished run: what result.json holds. Additions keep `schema`; a changed meaning raises it. */
export interface RunResult {
  readonly schema: 1;
  readonly tool: { readonly name: 'bootproof'; readonly version: string };
  readonly host: string;
  readonly test: string;
  /** `proven` only when every probe passed and the run came to its end. */
  readonly verdict: 'proven' | 'not proven' | 'interrupted';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly image: {
    readonly kind: 'stand-in' | 'nixos';
    /** Why it is of this kind: `nix is not installed`. */
    readonly kindReason?: string;
    readonly key: string;
    readonly sha256: string;
    readonly fromCache: boolean;
    /** Debian packages with their versions; none of a NixOS image, which is named by its path. */
    readonly packages: Readonly<Record<string, string>>;
    /** Where a NixOS image is in Nix's store. */
    readonly storePath?: string;
  };
  readonly machine: {
    readonly accelerator: 'kvm' | 'tcg';
    readonly acceleratorReason: string;
    readonly qemuVersion: string;
    /** The exact command line, one argument an entry. */
    readonly command: readonly string[];
  };
  /** Milliseconds since the run began. */
  readonly phases: readonly (Span & { readonly name: PhaseName })[];
  /** firmware, loader, kernel, userspace, … as seen on the console. Milliseconds since QEMU was started. */
  readonly boot: readonly Span[];
  readonly proofs: readonly Proof[];
  readonly breakdown?: Breakdown;
  readonly notRealised: readonly NotRealised[];
  readonly notes: readonly string[];
  readonly commands: readonly CommandRecord[];
  /** Files of the run folder, relative to it. */
  readonly files: {
    readonly result: 'result.json';
    readonly report: 'report.html';
    readonly junit: 'junit.xml';
    readonly console: 'console.log';
    readonly qemuLog: 'qemu.log';
    readonly screenshot?: 'screenshot.png';
  };
}
