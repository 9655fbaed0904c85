/** The header of a `-shm` file. SQLite accepts it if its checksum is right. Format:
 * https://www.sqlite.org/walformat.html */
const HEADER_BYTES = 48;
const SUMMED_BYTES = 40;
const VERSION = 3_007_000;

export interface WalIndex {
  readonly pageSize: number;
  /** The last committed frame. */
  readonly maxFrame: number;
  readonly pageCount: number;
  /** Differs from header to header, so that connections read it again. */
  readonly change: number;
  readonly salt: Buffer;
  /** Frames that a checkpoint has already copied into the database. */
  readonly backfilled: number;
  readonly readMarks: readonly number[];
}

/** Both copies of the header with a right checksum, and the state of the checkpoint. */
export function walIndexHeader(index: WalIndex): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(VERSION, 0);
  header.writeUInt32LE(index.change, 8);
  header.writeUInt8(1, 12);
  header.writeUInt16LE(index.pageSize === 65_536 ? 1 : index.pageSize, 14);
  header.writeUInt32LE(index.maxFrame, 16);
  header.writeUInt32LE(index.pageCount, 20);
  index.salt.copy(header, 32, 0, 8);
  let [first, second] = [0, 0];
  for (let at = 0; at < SUMMED_BYTES; at += 8) {
    first = (first + header.readUInt32LE(at) + second) >>> 0;
    second = (second + header.readUInt32LE(at + 4) + first) >>> 0;
  }
  header.writeUInt32LE(first, 40);
  header.writeUInt32LE(second, 44);
  const checkpoint = Buffer.alloc(24);
  checkpoint.writeUInt32LE(index.backfilled, 0);
  for (const [mark, frame] of index.readMarks.entries()) checkpoint.writeUInt32LE(frame, 4 + mark * 4);
  return Buffer.concat([header, header, checkpoint]);
}
