import { guardCondition } from '../nix/guard.ts';
import { markPositions } from './positions.ts';

/** What the loader makes the homelab's files call: before every condition, and for every object literal. */
export const instrument = Object.freeze({ condition: guardCondition, literal: markPositions });
