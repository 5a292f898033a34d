import * as v from 'valibot';

const packages = v.record(v.string(), v.string());

/** What a cache entry's file must be for the entry to count: written beside it once it is whole. */
const file = v.object({ bytes: v.number(), sha256: v.string() });

/** Beside a base: what went into it. */
export const baseManifestSchema = v.object({
  schema: v.literal(1),
  key: v.string(),
  file,
  suite: v.string(),
  /** Debian packages with their versions. */
  packages,
  /** Where the packages came from, as deb822 text. */
  sources: v.string(),
  tools: packages,
  /** ISO 8601. */
  createdAt: v.string(),
});

/** Beside an image: what went into it, and what was seen in it before it was ever booted. */
export const imageManifestSchema = v.object({
  schema: v.literal(1),
  key: v.string(),
  file,
  hostName: v.string(),
  suite: v.string(),
  baseKey: v.string(),
  packages,
  kernelVersion: v.string(),
  /** Modules that the declaration wants in the initrd and that the stand-in's kernel does not have. */
  absentInitrdModules: v.array(v.string()),
  inspection: v.object({
    authorizedKeys: v.array(v.string()),
    loginPasswords: v.array(v.string()),
    // Absent in JSON when there is no such file.
    machineId: v.optional(v.string(), undefined),
    hostKeys: v.array(v.string()),
  }),
  tools: packages,
  createdAt: v.string(),
});

export type BaseManifest = v.InferOutput<typeof baseManifestSchema>;
export type ImageManifest = v.InferOutput<typeof imageManifestSchema>;

/** The installed packages with their versions, from the text of dpkg's /var/lib/dpkg/status. */
export function installedPackages(status: string): Record<string, string> {
  const entries = status.split(/\n\n+/).flatMap((stanza) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1];
    const [name, version] = [field('Package'), field('Version')];
    const installed = field('Status')?.endsWith(' installed') ?? false;
    return installed && name !== undefined && version !== undefined ? [[name, version] as const] : [];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
