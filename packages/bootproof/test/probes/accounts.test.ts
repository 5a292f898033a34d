import { describe, expect, it } from 'vitest';
import { type AccountField, account } from '../../src/probes/kinds/account.ts';
import { group } from '../../src/probes/kinds/group.ts';
import { fakeTarget } from './fake-target.ts';

const machine = fakeTarget({
  files: {
    '/etc/passwd': [
      'root:x:0:0:root:/root:/bin/bash',
      'alice:x:1100:100:Alice,,,:/home/alice:/nix/store/abc-zsh-5.9/bin/zsh',
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
      '',
    ].join('\n'),
    '/etc/group': 'root:x:0:\nwheel:x:998:bob,alice\nusers:x:100:\nmedia:x:2000:alice\nlab:x:2001:\n',
  },
});

describe('account', () => {
  const look = async (user: string, field: AccountField, value: string) => {
    const { verdict, seen } = await account.observe(machine, { user, field, value });
    return [verdict, seen];
  };

  it.each<[AccountField, string, string]>([
    ['kind', 'normal user', 'system user'],
    ['uid', '1100', '1101'],
    ['group', 'users', 'alice'],
    ['extra groups', 'media,wheel', 'media,lab'],
    ['home', '/home/alice', '/srv/alice'],
    ['shell', 'zsh', 'bash'],
    ['description', 'Alice', 'Bob'],
  ])('tells a %s that is %s from %s', async (field, right, wrong) => {
    expect((await look('alice', field, right))[0]).toBe('passed');
    expect((await look('alice', field, wrong))[0]).toBe('failed');
  });

  it('counts root and nobody as users of the system', async () => {
    expect(await look('root', 'kind', 'system user')).toEqual(['passed', 'system user']);
    expect(await look('nobody', 'kind', 'normal user')).toEqual(['failed', 'system user']);
  });

  it('counts the first group among the groups', async () => {
    expect(await look('alice', 'extra groups', 'users')).toEqual(['passed', 'wheel,users,media']);
  });

  it('fails for a user who is not there, and where nothing can be read', async () => {
    expect(await look('carol', 'kind', 'normal user')).toEqual(['failed', 'no such user']);
    const empty = await account.observe(fakeTarget({}), { user: 'root', field: 'uid', value: '0' });
    expect(empty).toMatchObject({ verdict: 'failed', seen: 'no such user' });
  });
});

describe('group', () => {
  const look = async (name: string, gid: number | null, members: string[] = []) =>
    (await group.observe(machine, { group: name, gid, members })).verdict;

  it('is there, with its id and its members', async () => {
    expect(await look('media', null)).toBe('passed');
    expect(await look('media', 2000, ['alice'])).toBe('passed');
    expect(await look('media', 2001)).toBe('failed');
    expect(await look('media', 2000, ['bob'])).toBe('failed');
    expect(await look('nobody', null)).toBe('failed');
  });
});
