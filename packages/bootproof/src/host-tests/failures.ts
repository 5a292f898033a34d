import { BootproofError } from '../base/errors.ts';
import type { Evidence } from '../probes/probe.ts';
import type { Place } from './test-run.ts';

/** What a failed test says. */
export interface Sight {
  readonly expected: string;
  readonly seen: string;
  readonly evidence: readonly Evidence[];
}

/** Why a test failed, with what was expected and seen: thrown where it was found, so that a body may catch it. */
export class TestFailure extends BootproofError {
  readonly sight: Sight;
  /** Where the test asked for it; undefined when it is about the test as a whole. */
  readonly place: Place | undefined;

  constructor(message: string, sight: Sight, place?: Place) {
    super(message, { kind: 'unproven' });
    this.name = 'TestFailure';
    this.sight = sight;
    this.place = place;
  }
}
