import { Command } from 'commander';
import { addCall } from './call.ts';
import { addDaemon } from './daemon.ts';
import { addShow } from './show.ts';

/** Without a verb it is the daemon. */
export function program(): Command {
  const root = new Command('dbcalm-cmd')
    .description('The privileged command daemon of DBCalm. Without a verb it is the daemon itself.')
    .showHelpAfterError();
  addDaemon(root);
  addCall(root);
  addShow(root);
  return root;
}
