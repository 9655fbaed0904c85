/** Mistakes that no test can notice, and why. One that is caught all the same has to go from here: the run says so. */
export const SURVIVORS: Readonly<Record<string, string>> = {
  'actors/processes.ts processes.pump, if (pumping || draining): never':
    'it only spreads starts over turns of the loop; while draining nothing waits any more that a look could admit',
};
