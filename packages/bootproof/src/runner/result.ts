import type { CommandRecord, Span } from '../machine/records.ts';
import type { OptionCoverage } from '../plan/coverage.ts';
import type { Proof } from '../probes/probe.ts';
import type { Breakdown } from '../probes/target.ts';
import type { NotRealised } from '../services/recipe.ts';
import type { PhaseName } from './events.ts';
import type { Trial } from './later-probes.ts';

export type { CommandRecord, Span };

/** A boot after the first. Times count milliseconds since the run's first QEMU was started. */
export interface LaterBoot {
  readonly after: Trial;
  /** When the machine went down. */
  readonly startedMs: number;
  /** firmware, loader, kernel, userspace, … as seen on the console. */
  readonly spans: readonly Span[];
  /** Of a power cut: what its moment was drawn from, and how long after the proofs it came. `--seed` repeats it. */
  readonly powerCut?: { readonly seed: number; readonly afterMs: number };
}

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
  /** Of the first boot, and then of those that followed it: their ids begin with `after-reboot/` or `after-power-cut/`. */
  readonly proofs: readonly Proof[];
  /** The boots after the first, in order. Absent: none was asked for. */
  readonly laterBoots?: readonly LaterBoot[];
  /** Every declared option, with the probes that show it or the reason why none does, as planned. */
  readonly coverage: readonly OptionCoverage[];
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
