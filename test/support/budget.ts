import { MAX_REQUEST_BYTES } from '../../src/actors/connection/read-request.ts';
import { LoopShare } from '../../src/actors/fairness/loop-share.ts';
import { RequestBudget } from '../../src/actors/fairness/request-budget.ts';
import type { RequestRoom } from '../../src/io/socket/connection.ts';

/** A budget of the daemon's size, or of `bytes`. */
export const budgetOf = (bytes?: number): RequestBudget =>
  new RequestBudget(MAX_REQUEST_BYTES, new LoopShare(), bytes);

/** Room for every request. */
export const ROOM: RequestRoom = { grow: () => true, nextPiece: (then) => void setImmediate(then) };
