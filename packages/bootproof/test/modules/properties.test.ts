import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/modules/evaluate.ts';
import type { Module } from '../../src/modules/module.ts';
import { mkIf, mkMerge, mkOrder, mkOverride } from '../../src/options/property.ts';
import { defineModule, surface } from './surface.ts';

const run = (modules: readonly Module[]) => evaluate({ options: surface, modules });

/** The value, or the faults without the places that they name. */
function outcome(modules: readonly Module[]): unknown {
  try {
    return run(modules).value;
  } catch (error) {
    return (error as { readonly faults: readonly { readonly option?: string }[] }).faults.map(
      (fault) => fault.option,
    );
  }
}

/** Modules in a line, each importing the next, and modules side by side: two ways to bring in the same definitions. */
function chained(bodies: readonly object[]): Module {
  return bodies.reduceRight<Module>(
    (next, body) => defineModule({ ...body, imports: [next] } as never),
    defineModule({}),
  );
}

const word = fc.stringMatching(/^[a-z]{1,3}$/);
const priority = fc.integer({ min: 0, max: 1400 });
const body = fc.record({
  networking: fc.record(
    { hostName: fc.tuple(priority, word).map(([strength, name]) => mkOverride(strength, name)) },
    { requiredKeys: [] },
  ),
  boot: fc.record(
    {
      sysctl: fc.dictionary(
        word,
        fc.tuple(priority, fc.integer()).map(([p, value]) => mkOverride(p, value)),
      ),
    },
    { requiredKeys: [] },
  ),
});
const bodies = fc.array(body, { maxLength: 6 });
const shuffled = bodies.chain((all) =>
  fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
);

describe('evaluation', () => {
  it('of scalars and sets does not depend on the order of modules, nor on who imports whom', () => {
    fc.assert(
      fc.property(shuffled, ([given, other]) => {
        const define = (each: object): Module => defineModule(each as never);
        const straight = outcome(given.map(define));
        expect(outcome(other.map(define))).toEqual(straight);
        expect(outcome([chained(other)])).toEqual(straight);
      }),
    );
  });

  it('lets the lowest number win, always', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(priority, word), { minLength: 1, selector: ([strength]) => strength }),
        (definitions) => {
          const modules = definitions.map(([strength, hostName]) =>
            defineModule({ networking: { hostName: mkOverride(strength, hostName) } }),
          );
          const [strongest] = [...definitions].sort(([a], [b]) => a - b);
          expect(run(modules).get('networking.hostName')).toBe(strongest?.[1]);
          expect(run(modules).highestPrio('networking.hostName')).toBe(strongest?.[0]);
        },
      ),
    );
  });

  it('gives the same value and the same faults each time, frozen to the bottom', () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    fc.assert(
      fc.property(bodies, (given) => {
        const modules = given.map((each) => defineModule(each as never));
        const first = outcome(modules);
        expect(JSON.stringify(outcome(modules))).toBe(JSON.stringify(first));
        if (!Array.isArray(first)) expect(frozen(first)).toBe(true);
      }),
    );
  });

  it('keeps every item of a list, ordered by mkOrder and otherwise by module', () => {
    const part = fc.tuple(fc.constantFrom(500, 1000, 1500), fc.array(word, { maxLength: 3 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const modules = parts.map(([order, items]) =>
          defineModule({ boot: { kernelParams: mkOrder(order, items) } }),
        );
        const expected = [...parts]
          .reverse()
          .sort(([a], [b]) => a - b)
          .flatMap(([, items]) => items);
        expect(run(modules).get('boot.kernelParams')).toEqual(expected);
      }),
    );
  });

  it('does not care how definitions are wrapped in mkMerge and mkIf(true)', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.boolean(), (items, dropped) => {
        const plain = run([defineModule({ boot: { kernelParams: items } })]).get('boot.kernelParams');
        const wrapped = run([
          defineModule({
            boot: mkMerge([
              mkIf(true, { kernelParams: mkMerge(items.map((item) => mkIf(true, [item]))) }),
              mkIf(dropped && false, { kernelParams: ['never'] }),
            ]),
          }),
        ]).get('boot.kernelParams');
        expect(wrapped).toEqual(plain);
      }),
    );
  });
});
