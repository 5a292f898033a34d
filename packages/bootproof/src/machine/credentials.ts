/**
 * What the driver brings into a machine from outside, as systemd credentials in SMBIOS strings of type 11: nothing of
 * it is on the disk, and it leaves with the machine (systemd.system-credentials(7)).
 */

/**
 * The SMBIOS strings that let root log in with a public key.
 *
 * On the stand-in, systemd's own provision.conf for tmpfiles reads the credential `ssh.authorized_keys.root` and
 * writes root's authorized_keys. NixOS does not ship that file, so there the credential is `tmpfiles.extra`, whose lines
 * systemd-tmpfiles takes as they are: a folder, and in it a file with the key (tmpfiles.d(5), `~` decodes base64).
 */
export function sshCredential(kind: 'stand-in' | 'nixos', publicKey: string): string {
  const line = `${publicKey.trim()}\n`;
  return kind === 'stand-in'
    ? binaryCredential('ssh.authorized_keys.root', line)
    : binaryCredential(
        'tmpfiles.extra',
        `d /root/.ssh 0700 root root -\nf~ /root/.ssh/authorized_keys 0600 root root - ${base64(line)}\n`,
      );
}

/** A credential as the value of `-smbios type=11,value=`; base64 keeps clear of the commas that QEMU reads. */
export function binaryCredential(name: string, text: string): string {
  return `io.systemd.credential.binary:${name}=${base64(text)}`;
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
