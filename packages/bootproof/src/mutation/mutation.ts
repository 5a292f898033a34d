import type { Test } from '../plan/test.ts';
import type { Probe } from '../probes/probe.ts';

/** A fault that is put into the running machine by a command, and leaves with the machine's snapshot. */
export interface RunningFault {
  readonly type: 'running';
  /** For the guest's /bin/sh, as root. It ends with another status than 0 when the fault could not be made. */
  readonly command: string;
  /** The way in that the fault leaves open: commands and probes take it. */
  readonly via: 'agent' | 'ssh';
}

/** A file that the image must not have, put into a copy of it, which is then inspected. Nothing is booted. */
export interface ImageFileFault {
  readonly type: 'image file';
  readonly path: string;
  readonly text: string;
}

/** A fault of the image or the hardware, which shows only after a boot of its own. */
export interface BootFault {
  readonly type: 'boot';
  /** The plan of the faulty machine. Its probes stay those of the declaration. */
  readonly change: (test: Test) => Test;
  /** Whether the image has to be built anew for it; otherwise the hardware alone is changed. */
  readonly rebuilds: boolean;
  /** Whether it hides what others break, and so has a boot to itself; the rest share one. */
  readonly alone: boolean;
}

export type Fault = RunningFault | ImageFileFault | BootFault;

/** A probe that has to fail, and what its failure has to say. */
export interface Expectation {
  readonly probe: Probe;
  /** Matched against what the probe says it has seen: a failure for another reason catches nothing. */
  readonly says: RegExp;
}

/** A deliberate fault, and the probes that are there to catch it. */
export interface Mutation {
  /** Unique in a host, stable between runs: `unit-masked/sshd.service`. */
  readonly id: string;
  /** What is wrong with the machine, as a statement. */
  readonly title: string;
  readonly fault: Fault;
  /** Every one of these has to fail. */
  readonly expects: readonly Expectation[];
  /** What would catch it, where that is known; otherwise its probes have to see more than they do. */
  readonly remedy?: string;
}

/** What one probe contributes: a fault that it is there to catch. Equal ids of several probes are one mutation. */
export interface Sketch {
  readonly id: string;
  readonly title: string;
  readonly fault: Fault;
  readonly says: RegExp;
  readonly remedy?: string;
}
