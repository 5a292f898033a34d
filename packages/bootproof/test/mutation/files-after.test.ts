import { describe, expect, test } from 'vitest';
import type { AccountParams } from '../../src/probes/kinds/account.ts';
import { account, fileLine, fileText, group, resolver } from '../../src/probes/makers.ts';
import { catches, filesAfter, mutationsOf } from './files-after.ts';

const machine = {
  '/etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'alice:x:1100:100:Alice,,,:/home/alice:/usr/bin/zsh',
    'alice2:x:1101:100::/home/alice2:/bin/sh',
    'indexer:x:998:2000::/var/lib/indexer:/usr/sbin/nologin',
    '',
  ].join('\n'),
  '/etc/group':
    'root:x:0:\nwheel:x:27:bob,alice,carol\nusers:x:100:\nmedia:x:2000:alice2,alice\nlab:x:2001:alice\nnogroup:x:65534:\n',
  '/etc/resolv.conf':
    '# kept by hand\nsearch home.arpa lab.home.arpa\nnameserver 192.168.77.1\nnameserver fd00:77::1\n',
  '/etc/app.conf': 'folder = /srv/media\nscan = hourly\n',
};

const { '/etc/app.conf': text } = machine;
const field = (user: string, what: AccountParams['field'], value: string) =>
  account.probe({ id: `users/${user}-${what}`, params: { user, field: what, value }, proves: [] });
const groupProbe = (name: string, gid: number | null, members: readonly string[]) =>
  group.probe({ id: `users/group-${name}`, params: { group: name, gid, members }, proves: [] });

const probes = [
  field('alice', 'kind', 'normal user'),
  field('alice', 'uid', '1100'),
  field('alice', 'group', 'users'),
  field('alice', 'extra groups', 'wheel,media,lab'),
  field('alice', 'home', '/home/alice'),
  field('alice', 'shell', 'zsh'),
  field('alice', 'description', 'Alice'),
  field('indexer', 'kind', 'system user'),
  field('indexer', 'shell', 'nologin'),
  field('root', 'group', 'root'),
  groupProbe('media', 2000, ['alice2', 'alice']),
  groupProbe('lab', null, ['alice']),
  resolver.probe({
    id: 'interfaces/name-servers',
    params: { servers: ['192.168.77.1', 'fd00:77::1'], search: [] },
    proves: [],
  }),
  resolver.probe({
    id: 'interfaces/search',
    params: { servers: [], search: ['home.arpa', 'lab.home.arpa'] },
    proves: [],
  }),
  fileText.probe({ id: 'etc/app.conf', params: { path: '/etc/app.conf', text }, proves: [] }),
  fileLine.probe({ id: 'etc/scan', params: { path: '/etc/app.conf', line: 'scan = hourly' }, proves: [] }),
];

describe.each(probes.map((probe) => [`${probe.id}, ${probe.title}`, probe] as const))('%s', (_, probe) => {
  const mutations = mutationsOf(probe);

  test.each(mutations.map((mutation) => [mutation.id, mutation] as const))('%s', async (_, mutation) => {
    expect(await catches(mutation, machine)).toBe('caught');
  });
});

describe('a fault of a table', () => {
  const after = async (id: string) => {
    const mutation = mutationsOf(...probes).find((each) => each.id === id);
    if (mutation === undefined) throw new Error(`no mutation ${id}`);
    return filesAfter(mutation, machine);
  };

  test('leaves those alone whose names only begin like it', async () => {
    expect((await after('user-missing/alice'))['/etc/passwd']).toBe(
      machine['/etc/passwd'].replace(/^alice:.*\n/m, ''),
    );
    expect((await after('group-left/alice/media'))['/etc/group']).toBe(
      machine['/etc/group'].replace('alice2,alice\n', 'alice2\n'),
    );
    expect((await after('group-left/alice/wheel'))['/etc/group']).toContain('wheel:x:27:bob,carol\n');
  });

  test('leaves no comma where the last member was', async () => {
    expect((await after('group-left/alice/lab'))['/etc/group']).toMatch(/^lab:x:2001:$/m);
  });

  test('is not applied where there is nothing to be wrong', async () => {
    for (const probe of [
      field('nobody', 'kind', 'normal user'),
      field('nobody', 'extra groups', 'wheel'),
      groupProbe('video', 3, ['alice']),
    ]) {
      for (const mutation of mutationsOf(probe))
        await expect(filesAfter(mutation, machine)).rejects.toThrow();
    }
  });

  test('never takes root away', () => {
    expect(mutationsOf(field('root', 'group', 'root')).map(({ id }) => id)).toEqual(['user-group/root']);
  });
});
