import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { makeSshKeyPair } from '../../src/machine/ssh.ts';

// Of this many pairs, ssh2 alone spoils about five: with fewer, a generator that does not look would pass by luck.
const pairs = 1500;

it('makes no key pair that cannot be read back', () => {
  const broken = Array.from({ length: pairs }, makeSshKeyPair).filter(({ privateKey, publicKey }) =>
    [privateKey, publicKey].some((text) => ssh2.utils.parseKey(text) instanceof Error),
  );
  expect(broken).toEqual([]);
});
