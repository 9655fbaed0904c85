import { LoopShare } from '../../src/actors/loop-share.ts';
import { MAX_REQUEST_BYTES } from '../../src/actors/read-request.ts';
import { RequestBudget } from '../../src/actors/request-budget.ts';
import type { RequestRoom } from '../../src/io/connection-socket.ts';

/** A budget of the daemon's own size, or of `bytes`. */
export const budgetOf = (bytes?: number): RequestBudget =>
  new RequestBudget(MAX_REQUEST_BYTES, new LoopShare(), bytes);

/** Room for whatever comes. */
export const ROOM: RequestRoom = { grow: () => true, nextPiece: (then) => void setImmediate(then) };
