import { literally, nobody, ownCopy } from '../../probes/fault-commands.ts';
import type { FileStatusParams } from '../../probes/kinds/file.ts';
import { fileStatus, fileText } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** A file is not there: `rm` says so where it was not there before. */
export const fileRemoved = (path: string): Omit<Sketch, 'says'> => ({
  id: `file-removed${path}`,
  title: `${path} is not there`,
  fault: running([`rm ${quote(path)}`]),
});

/** What is seen of an owner: its id, or its name where a name was declared. */
const owner = (declared: string, name: string): string =>
  declared.startsWith('+') ? '\\+\\d+' : literally(name);

function statusFaults({ path, type, mode, user, group }: FileStatusParams): Sketch[] {
  const place = quote(path);
  const open = type === 'folder' ? '777' : '666';
  const own = mode.replace(/^0+(?=.)/, '');
  const other = own === open ? '600' : open;
  const [stranger, others] = [user === nobody.user ? 'root' : nobody.user, nobody.group];
  const away = { id: `folder-removed${path}`, title: `there is no folder ${path}` };
  return [
    {
      id: `mode-wrong${path}`,
      title: `${path} has the mode ${other}`,
      fault: running([ownCopy(path), `chmod ${other} ${place}`]),
      says: new RegExp(`^${type}, ${other}, ${literally(user)}, ${literally(group)}$`),
    },
    {
      id: `owner-wrong${path}`,
      title: `${path} is of ${stranger}`,
      fault: running([ownCopy(path), `chown ${stranger} ${place}`]),
      says: new RegExp(
        `^${type}, ${own}, (?!${literally(user)},)${owner(user, stranger)}, ${literally(group)}$`,
      ),
    },
    ...(group === others
      ? []
      : [
          {
            id: `group-wrong${path}`,
            title: `${path} is of the group ${others}`,
            fault: running([ownCopy(path), `chgrp ${others} ${place}`]),
            says: new RegExp(
              `^${type}, ${own}, ${literally(user)}, (?!${literally(group)}$)${owner(group, others)}$`,
            ),
          },
        ]),
    {
      ...(type === 'file'
        ? fileRemoved(path)
        : { ...away, fault: running([`mv ${place} ${quote(`${path}.mutation`)}`]) }),
      says: /No such file or directory$/,
    },
  ];
}

export const fileDerivers = [
  from(fileStatus, statusFaults),
  from(fileText, ({ path, text }) => [
    {
      id: `text-longer${path}`,
      title: `${path} says more than was declared`,
      // The mode and the owners stay as they are.
      fault: running([ownCopy(path), `echo mutation >> ${quote(path)}`]),
      says: /mutation"$/,
    },
    ...(text.trim() === ''
      ? []
      : [
          {
            id: `text-empty${path}`,
            title: `${path} is empty`,
            fault: running([ownCopy(path), `: > ${quote(path)}`]),
            says: /^line \d+: (""|none)$/,
          },
        ]),
    { ...fileRemoved(path), says: /^no file / },
  ]),
];
