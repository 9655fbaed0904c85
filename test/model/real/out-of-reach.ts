/** The transitions that no external action can make a real daemon walk, and why. A test checks the list: a transition
 * that is walked or no longer exists must be removed. */
import { BEYOND_SHADOWS } from '../vocabularies/shadow-process.ts';
import { CALLBACK } from './left-out.ts';

const QUICK = 'the state lasts for a turn of the loop: nobody can aim at it';

const ONE_CLIENT = 'one client has room for the largest request; test/attack/memory.test.ts has many';

/** By the name of the model. */
export const OUT_OF_REACH: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  connection: {
    'connection (peer.left) → closed':
      'on a Unix socket who goes looks like who half-closes, as long as there is no reply that he leaves unread',
    'connection (readRequest failed) → closed': CALLBACK,
    'permitting (checkPlaces failed) → replying': 'what a disk may answer is all known to the actor',
    'reading (after REQUEST_LIMIT) [isWaiting] → replying': ONE_CLIENT,
    'reading.waiting (after ROOM_LIMIT) → replying': ONE_CLIENT,
  },
  process: {
    'running.adopting (awaitOrphan failed) → running.doubting': CALLBACK,
    'running.executing (runChild failed) → running.finishing': CALLBACK,
  },
  'shadow process': BEYOND_SHADOWS,
  daemon: {
    'starting (daemon.stop) → stopped': QUICK,
    'serving (queueHandler failed) → failed': CALLBACK,
    'serving (processes failed) → failed': CALLBACK,
    'serving (connections failed) → failed': CALLBACK,
    'serving (admin failed) → stays': CALLBACK,
    'serving.recovering (readUnsettled failed) → failed': 'reading waits for a database in trouble',
    'serving.open (listener failed) → failed': CALLBACK,
    'serving.draining.flushing (flush failed) → failed': 'closing a database does not fail',
  },
};
