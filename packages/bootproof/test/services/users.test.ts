import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/services/service.ts';
import { usersAndGroups } from '../../src/services/users.ts';
import { idsOf, probesOf } from './support.ts';

const service = usersAndGroups as unknown as Service;
const ids = (alice: object) => idsOf(probesOf(service, { users: { users: { alice } } } as never));
const both = ['users/no-authorized-key', 'users/no-login-password'];

describe('the image', () => {
  it('is proven to carry neither key nor password when none is declared', () => {
    expect(idsOf(probesOf(service, {}))).toEqual(both);
    expect(ids({ isNormalUser: true })).toEqual(both);
  });

  it('may carry a key that was declared', () => {
    expect(ids({ openssh: { authorizedKeys: { keys: ['ssh-ed25519 AAAA alice'] } } })).toEqual([
      'users/no-login-password',
    ]);
    expect(ids({ openssh: { authorizedKeys: { keyFiles: ['/etc/keys/alice'] } } })).toEqual([
      'users/no-login-password',
    ]);
  });

  it.each(['hashedPassword', 'initialHashedPassword'])('may carry a password by %s', (name) => {
    expect(ids({ [name]: '$y$j9T$salt$hash' })).toEqual(['users/no-authorized-key']);
  });

  it('carries no password that lies in a file on the machine', () => {
    expect(ids({ hashedPasswordFile: '/run/secrets/alice' })).toEqual(both);
  });

  it('has no users of its own: every option says so', () => {
    expect(usersAndGroups.realise).toBeUndefined();
  });
});
