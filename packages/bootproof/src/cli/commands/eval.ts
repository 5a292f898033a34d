export async function evalHost(..._args: unknown[]): Promise<number> {
  return 0;
}
