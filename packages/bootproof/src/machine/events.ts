import { BootproofError } from '../base/errors.ts';
import type { Breakdown } from '../probes/target.ts';
import type { QmpEvent } from './qmp.ts';

/** What a machine's monitor told, in the driver's terms. */
export type MachineEvent =
  /** The machine starts over. */
  | { readonly type: 'reset' }
  /** The machine is off, or about to be; QEMU ends. */
  | { readonly type: 'shutdown'; readonly byGuest: boolean }
  /** The guest opened or closed its end of the agent's channel. */
  | { readonly type: 'agent port'; readonly open: boolean }
  | { readonly type: 'panic' }
  /** This computer's disk is full, and QEMU has stopped the machine. */
  | { readonly type: 'host disk full' };

/** An event of QMP as one of the machine; undefined for those that mean nothing to the driver (qapi/run-state.json). */
export function machineEvent({ event, data }: QmpEvent): MachineEvent | undefined {
  switch (event) {
    case 'RESET':
      return { type: 'reset' };
    case 'SHUTDOWN':
      return { type: 'shutdown', byGuest: data['guest'] === true };
    case 'VSERPORT_CHANGE':
      return { type: 'agent port', open: data['open'] === true };
    case 'GUEST_PANICKED':
      return { type: 'panic' };
    case 'BLOCK_IO_ERROR':
      return data['nospace'] === true ? { type: 'host disk full' } : undefined;
    default:
      return undefined;
  }
}

/** The machine is not coming up, or has stopped: every wait on it ends with this. */
export class MachineBroken extends BootproofError {
  readonly breakdown: Breakdown;

  constructor(breakdown: Breakdown) {
    super(`${breakdown.kind}: ${breakdown.detail}\n${breakdown.lines.join('\n')}`.trimEnd(), {
      kind: 'unproven',
      hint: 'The whole console is in console.log in the run folder.',
    });
    this.name = 'MachineBroken';
    this.breakdown = breakdown;
  }
}
