import { isBelow, normalise } from './paths.ts';
import { rootPlace } from './trusted-path.ts';

/** Directories that are never a sensible deletion root; `/tmp` is not among them. */
const FOLDERS =
  '/ /home /media /mnt /opt /root /srv /var /var/backups /var/cache /var/lib /var/mail /var/tmp'.split(' ');

/** Nor anything below these. */
const TREES =
  '/bin /boot /dev /etc /lib /lib32 /lib64 /libx32 /proc /run /sbin /sys /usr /var/lib/mysql /var/log /var/run /var/spool'.split(
    ' ',
  );

/** What speaks against `root`, an absolute path, as a deletion root. */
export function objectionToRoot(root: string): string | undefined {
  if (root.split('/').includes('..')) return "it holds '..'";
  const plain = normalise(root);
  if (isSystem(plain)) return 'it is a system folder';
  const real = realPlaceOf(plain);
  return isSystem(real) ? `it leads to the system folder ${real}` : undefined;
}

function isSystem(path: string): boolean {
  if (FOLDERS.includes(path)) return true;
  if (TREES.some((tree) => path === tree || isBelow(path, tree))) return true;
  // The home directory of a user.
  return /^\/home\/[^/]+$/.test(path);
}

/** A symlink that others can have put there is not followed: it must not keep the daemon from starting, and whatever is
 * deleted through it is refused. */
function realPlaceOf(path: string): string {
  try {
    return rootPlace(path);
  } catch {
    return path;
  }
}
