import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type ssh2 from 'ssh2';
import { BootproofError, messageOf } from '../base/errors.ts';
import { type Deadline, within } from '../host/deadline.ts';
import type { SshConnection } from './ssh.ts';

/**
 * Copies a file, or a folder with all below it, between this computer and the guest over SFTP. Folders are made where
 * they are missing, files are replaced, permissions go along. Links and devices are left out.
 *
 * @throws BootproofError when the guest offers no SFTP, the deadline passes, or a file cannot be read or written.
 */
export async function copyFiles(
  connection: SshConnection,
  direction: 'from host' | 'from guest',
  source: string,
  destination: string,
  deadline: Deadline,
): Promise<void> {
  const late = () =>
    new BootproofError(`${source} was not copied within ${Math.round(deadline.budgetMs)} ms`, {
      kind: 'unproven',
    });
  const copying = openSftp(connection).then(async (sftp) => {
    try {
      if (direction === 'from host') await send(sftp, source, destination);
      else await fetch(sftp, source, destination);
    } finally {
      sftp.end();
    }
  });
  try {
    await within(deadline, connection.scope.race(copying), late);
  } catch (error) {
    if (error instanceof BootproofError) throw error;
    const reason = messageOf(error);
    throw new BootproofError(`could not copy ${source} to ${destination}: ${reason}`, {
      kind: 'unproven',
      cause: error,
    });
  }
}

function openSftp(connection: SshConnection): Promise<ssh2.SFTPWrapper> {
  return new Promise((resolve, reject) => {
    connection.client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}

async function send(sftp: ssh2.SFTPWrapper, source: string, destination: string): Promise<void> {
  const { mode, ...kind } = await stat(source).then((found) => ({
    mode: found.mode & 0o777,
    folder: found.isDirectory(),
    file: found.isFile(),
  }));
  if (kind.file) return call((done) => sftp.fastPut(source, destination, { mode }, done));
  if (!kind.folder) return;
  const there = await exists(sftp, destination);
  if (!there) await call((done) => sftp.mkdir(destination, { mode }, done));
  for (const name of await readdir(source)) {
    await send(sftp, join(source, name), posix.join(destination, name));
  }
}

async function fetch(sftp: ssh2.SFTPWrapper, source: string, destination: string): Promise<void> {
  const found = await ask<ssh2.Stats>((done) => sftp.stat(source, done));
  if (found.isFile())
    return call((done) => sftp.fastGet(source, destination, { mode: found.mode & 0o777 }, done));
  if (!found.isDirectory()) return;
  await mkdir(destination, { recursive: true });
  for (const { filename } of await ask<ssh2.FileEntryWithStats[]>((done) => sftp.readdir(source, done))) {
    await fetch(sftp, posix.join(source, filename), join(destination, filename));
  }
}

async function exists(sftp: ssh2.SFTPWrapper, path: string): Promise<boolean> {
  return ask((done) => sftp.stat(path, done)).then(
    () => true,
    () => false,
  );
}

function call(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}

function ask<T>(start: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)));
  });
}
