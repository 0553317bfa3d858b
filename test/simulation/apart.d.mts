/** @module Types of `apart.mjs`, for the tests. */

/** A thread with nothing but a bundle in it. */
export interface Apart {
  /** Calls a function that the bundle exports, one call at a time; `isBusy`: the thread has other work in every turn. */
  call(name: string, given: readonly unknown[], how?: { readonly isBusy?: boolean }): Promise<unknown>
  close(): Promise<number>
}

/** Starts a thread for the bundle at an address. */
export function openApart(address: string): Apart
