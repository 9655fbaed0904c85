/** Mistakes that no test can notice, and why. One that is caught all the same has to go from here: the run says so. */
export const SURVIVORS: Readonly<Record<string, string>> = {};
