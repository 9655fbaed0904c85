/** SQLite's rollback journal, as a crash in the middle of a transaction would leave it. Format:
 * https://www.sqlite.org/fileformat2.html#the_rollback_journal */
const MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const SECTOR_BYTES = 512;
const LOCK_BYTE = 0x4000_0000;

export interface CrashJournal {
  readonly pageSize: number;
  readonly pageCount: number;
  /** The journal of several databases that this one is said to be part of: SQLite opens, reads and deletes it. */
  readonly superJournal?: string;
}

/** A valid journal without pages: every connection that is opened rolls it back. */
export function crashJournal({ pageSize, pageCount, superJournal }: CrashJournal): Buffer {
  const header = Buffer.alloc(SECTOR_BYTES);
  MAGIC.copy(header);
  header.writeUInt32BE(pageCount, 16);
  header.writeUInt32BE(SECTOR_BYTES, 20);
  header.writeUInt32BE(pageSize, 24);
  if (superJournal === undefined) return header;
  const name = Buffer.from(superJournal);
  const tail = Buffer.alloc(name.length + 12);
  tail.writeUInt32BE(LOCK_BYTE / pageSize + 1);
  name.copy(tail, 4);
  tail.writeUInt32BE(name.length, name.length + 4);
  tail.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    name.length + 8,
  );
  return Buffer.concat([header, tail, MAGIC]);
}
