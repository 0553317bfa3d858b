/** @module Waiting for work, but not for ever. */

/** The answer, if it comes in time; a late failure is nobody's to handle, for its result is kept in the store. */
export async function settledWithin<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    work.catch(() => undefined)
    return await Promise.race([work, patience])
  } finally {
    clearTimeout(timer)
  }
}
