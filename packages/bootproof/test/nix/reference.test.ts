import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BootproofError } from '../../src/base/errors.ts';
import { guardCondition } from '../../src/nix/guard.ts';
import { nodeOf } from '../../src/nix/node.ts';
import { configReference, getAttr, inputs, pkgs } from '../../src/nix/reference.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a module does in spite of its types
const config = configReference() as any;

describe('a reference', () => {
  it('keeps its path, however the attributes are called', () => {
    expect(nodeOf(config.a.b)).toEqual({ kind: 'config', path: ['a', 'b'] });
    expect(nodeOf(config['/boot'].name.length.constructor)).toEqual({
      kind: 'config',
      path: ['/boot', 'name', 'length', 'constructor'],
    });
    expect(nodeOf(pkgs['python3Packages'].requests)).toEqual({
      kind: 'package',
      attrPath: ['python3Packages', 'requests'],
    });
    expect(nodeOf(inputs['disko'].nixosModules.disko)).toEqual({
      kind: 'input',
      attrPath: ['disko', 'nixosModules', 'disko'],
    });
    expect(nodeOf(getAttr('alice', config.users.users))).toEqual({
      kind: 'config',
      path: ['users', 'users', 'alice'],
    });
  });

  it('is the same object each time, so that sets of references work', () => {
    expect(config.a.b).toBe(config.a.b);
  });

  it('may be awaited, inspected and passed around', async () => {
    expect(await Promise.resolve(config.a)).toBe(config.a);
    expect(() => inspect(config.a)).not.toThrow();
  });

  it.each<[string, () => unknown]>([
    ['concatenated', () => `${'a'}${config.a.b}`],
    ['added', () => config.a.b + 1],
    ['negated', () => -config.a.b],
    ['ordered', () => config.a.b < 1],
    // biome-ignore lint/suspicious/noDoubleEquals: the comparison that coerces
    ['compared loosely', () => config.a.b == 1],
    ['made a string', () => String(config.a.b)],
    ['made a number', () => Number(config.a.b)],
    ['made JSON', () => JSON.stringify({ x: config.a.b })],
    ['joined', () => [config.a.b].join()],
    ['spread into a list', () => [...config.a.b]],
    ['spread into a set', () => ({ ...config.a.b })],
    ['listed', () => Object.keys(config.a.b)],
    ['searched', () => 'x' in config.a.b],
    ['called', () => config.a.b.map(String)],
    ['assigned to', () => Object.assign(config.a.b, { x: 1 })],
    ['deleted from', () => delete config.a.b.x],
    ['used as a key', () => ({})[config.a.b as string]],
  ])('throws when %s, naming the option and what to write instead', (_use, act) => {
    expect(act).toThrow(BootproofError);
    expect(act).toThrow(
      expect.objectContaining({
        kind: 'declaration',
        message: expect.stringContaining('config.a.b'),
        hint: expect.stringMatching(/mkIf\(config\.a\.b.*nix`/),
      }),
    );
  });

  it('is refused as a condition by the guard; packages and plain values pass', () => {
    expect(() => guardCondition(config.a.b, 'used as the condition of an if')).toThrow(
      /config\.a\.b is a reference,.* it was used as the condition of an if/,
    );
    for (const value of [true, 0, null, undefined, 'text', {}, [], pkgs['htop'], inputs['disko']]) {
      expect(guardCondition(value, 'tested')).toBe(value);
    }
  });
});
