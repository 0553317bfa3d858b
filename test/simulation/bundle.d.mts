/** @module Types of `bundle.mjs`, for the tests. */

/** Makes one file of the simulation, or of another entry, and the core with changes of its functions. Returns its address. */
export function bundleSimulation(
  patches?: readonly { readonly file: string; readonly find: string; readonly put: string }[],
  entry?: string,
): Promise<string>
