import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import ssh2 from 'ssh2';
import { makeSshKeyPair, type SshKeyPair } from '../../../src/machine/ssh.ts';

export interface TestServer {
  readonly port: number;
  /** Every command that was started, in order. */
  readonly commands: readonly string[];
  /** Ends all connections and stops. */
  close(): Promise<void>;
}

/**
 * An SSH server on this computer in the guest's place: it lets one key in and runs commands as sshd does, each in a
 * session of its own.
 */
export async function startSshServer(allowed: SshKeyPair | undefined): Promise<TestServer> {
  const hostKey = makeSshKeyPair().privateKey;
  const commands: string[] = [];
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'TestServer_1.0' }, (client) => {
    clients.add(client);
    // The types of the library leave this one out.
    (client as ssh2.Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on('error', () => undefined);
    client.on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      if (allowed && context.method === 'publickey' && isKey(context, allowed)) context.accept();
      else context.reject(['publickey']);
    });
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        commands.push(command);
        runCommand(command, acceptExec());
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    close: async () => {
      for (const client of clients) client.end();
      server.close();
    },
  };
}

function isKey(context: ssh2.PublicKeyAuthContext, allowed: SshKeyPair): boolean {
  const key = ssh2.utils.parseKey(allowed.publicKey);
  if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false;
  return (
    !context.signature || key.verify(context.blob as Buffer, context.signature, context.hashAlgo) === true
  );
}

function runCommand(command: string, channel: ssh2.ServerChannel): void {
  const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'pipe' });
  channel.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  // One write at a time over both: this server's library forgets one of two that wait for the client's window.
  const pass = (chunk: Buffer, output: Writable) => {
    child.stdout.pause();
    child.stderr.pause();
    output.write(chunk, () => {
      child.stdout.resume();
      child.stderr.resume();
    });
  };
  child.stdout.on('data', (chunk: Buffer) => pass(chunk, channel));
  child.stderr.on('data', (chunk: Buffer) => pass(chunk, channel.stderr));
  child.on('close', (code) => {
    channel.exit(code ?? 255);
    channel.end();
  });
  channel.on('close', () => child.stdin.destroy());
}
