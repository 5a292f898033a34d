/** The line that logs in to a machine of this computer, whose host key is new at every boot. */
export function sshLine(port: number, keyFile: string): string {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  return `ssh -i ${keyFile} -p ${port} ${options.map((option) => `-o ${option}`).join(' ')} root@127.0.0.1`;
}
