/** The limits of the daemon in milliseconds, repeated here: limits from the code would hide its mistakes.
 * SILENCE_LIMIT is part of the contract, the others are the choice of this daemon. */
export const LIMITS = {
  FIRST_BYTE_LIMIT: 5_000,
  SILENCE_LIMIT: 200,
  REQUEST_LIMIT: 10_000,
  ROOM_LIMIT: 4_000,
  LAST_LOOK: 10,
  CHECK_LIMIT: 5_000,
  ACCEPT_LIMIT: 10_000,
  REPLY_LIMIT: 5_000,
  LINGER_LIMIT: 1_000,
  RECOVERY_LIMIT: 300_000,
  CLOSING_LIMIT: 1_000,
  CONNECTIONS_LIMIT: 12_000,
  CHILDREN_LIMIT: 55_000,
  FLUSH_LIMIT: 10_000,
} as const;

export type Limit = keyof typeof LIMITS;
