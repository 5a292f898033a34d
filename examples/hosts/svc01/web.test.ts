import { expect, machine, test } from 'bootproof/test';

test('the application greets under both of its names', {
  proves: ['services.nginx.virtualHosts'],
}, async () => {
  for (const name of ['app.home.arpa', 'www.home.arpa']) {
    await expect(machine).toServe(`http://${name}/`, { body: 'This is the application.' });
  }
  await expect(machine).toServe('http://app.home.arpa/api/', { body: /^Version 1 of / });
  await expect(machine).toServe('http://nobody.home.arpa/', { status: 404 });
});

test('nginx comes back from a restart', async () => {
  const { MainPID: before } = await machine.unitInfo('nginx.service');
  await machine.succeed('systemctl restart nginx.service');
  await expect(machine).toHaveUnit('nginx.service');
  await expect(machine).toListenOn(80);
  await expect(machine).toServe('http://app.home.arpa/health', { status: 204 });
  const { MainPID: after } = await machine.unitInfo('nginx.service');
  expect(after).not.toBe(before);
});

/** Runs a statement of SQL as the owner of the database, and gives what it printed. */
const sql = (statement: string): Promise<string> =>
  machine.succeed(`cd / && runuser -u postgres -- psql -p 5433 -d app -qAtc "${statement}"`);

test('a row that was written to PostgreSQL is there after a restart', async () => {
  await sql("CREATE TABLE visits (place text); INSERT INTO visits VALUES ('home')");
  await machine.succeed('systemctl restart postgresql.service');
  await expect(machine).toListenOn(5433);
  expect(await sql('SELECT place FROM visits')).toBe('home\n');
  await sql('DROP TABLE visits');
});

test('a key that was set in Redis is kept by its own server alone', async () => {
  const cache = 'redis-cli -p 6380 --no-auth-warning -a an-example-not-a-secret';
  await machine.succeed(`${cache} set greeting hello`);
  await expect(machine).toPrint(`${cache} get greeting`, 'hello');
  await expect(machine).toPrint('redis-cli get greeting', '');
  expect(await machine.succeed('redis-cli -p 6380 get greeting')).toContain('NOAUTH');
});
