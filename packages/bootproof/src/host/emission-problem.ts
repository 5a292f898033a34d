import type { EmittedFile } from '../base/emitted-tree.ts';
import type { Found } from './emission-look.ts';
import { type EmissionRecord, recordName, sha256 } from './emission-record.ts';

/** Why a file is left as it is, in whole sentences. Its path is below the emitted folder. */
export interface EmissionProblem {
  readonly reason: string;
  readonly remedy: string;
}

/** A file, or a link in its place, that differs from what was emitted and from what the declaration gives. */
export function editedProblem(
  path: string,
  wanted: EmittedFile,
  found: Found,
  record: EmissionRecord,
): EmissionProblem {
  if (differsInLineEnds(path, wanted, found, record)) {
    return {
      reason: `${path} has other line ends than what was emitted, and no other difference.`,
      remedy:
        'Git may have converted them: keep it from that with the line "* text eol=lf" in .gitattributes, then check the file out again. Or overwrite it with --force.',
    };
  }
  if (record.kind === 'unreadable') {
    return {
      reason: `${path} differs from what the declaration gives, and the record ${recordName} cannot tell whether by hand: ${record.reason}.`,
      remedy: `Take ${recordName} from a commit in which it is whole. Or overwrite all such files with --force.`,
    };
  }
  return {
    reason:
      found.kind === 'link'
        ? `${path} was emitted as a file, and is a link now.`
        : `${path} was edited by hand since it was emitted.`,
    remedy: `Make the change in ${wanted.from} and emit again, which then finds it the same. Or overwrite it with --force.`,
  };
}

/** A file that was edited and then dropped from the declaration. */
export function staleProblem(path: string, found: Found): EmissionProblem {
  return {
    reason:
      found.kind === 'link'
        ? `${path} was emitted as a file, is a link now, and the declaration no longer gives it.`
        : `${path} was edited by hand since it was emitted, and the declaration no longer gives it.`,
    remedy: `Delete it, yourself or with --force. To keep it as your own, take its line out of ${recordName}.`,
  };
}

/** Something at an emitted path that was never emitted. */
export function foreignProblem(path: string, wanted: EmittedFile, found: Found): EmissionProblem {
  if (found.kind === 'obstacle') {
    const where = found.at === path ? `${path} is` : `${path} cannot be written: ${found.at} is`;
    return {
      reason: `${where} ${found.what}, and was never emitted.`,
      remedy: 'Move it away and emit again; --force leaves it too.',
    };
  }
  return {
    reason: `${path} is ${found.kind === 'link' ? 'a link' : 'a file'} that was never emitted.`,
    remedy: `Move it away to make room for what ${wanted.from} gives. Or overwrite it with --force.`,
  };
}

/** Whether a file is what was emitted, or what is wanted, once its line ends are LF. */
function differsInLineEnds(path: string, wanted: EmittedFile, found: Found, record: EmissionRecord): boolean {
  if (found.kind !== 'file' || !found.bytes.includes('\r\n')) return false;
  const text = found.bytes.toString('latin1').replaceAll('\r\n', '\n');
  const bytes = Buffer.from(text, 'latin1');
  return bytes.equals(Buffer.from(wanted.text)) || sha256(bytes) === record.entries.get(path);
}
