/**
 * A value of another service's option. Services import none of each other: they meet through options, and each is
 * handed the values of all. The caller vouches for the type.
 */
export function peerValue<Value>(values: unknown, path: string): Value | undefined {
  let here: unknown = values;
  for (const name of path.split('.')) here = (here as Readonly<Record<string, unknown>> | undefined)?.[name];
  return here as Value | undefined;
}
