/** @module A store that notes when each request was decided: before the look at the memory, or at the server. */

/** Milliseconds of the clock that all processes of a machine share. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/**
 * The same store. `decisions`: by digest of the person, what is known of the request that is under way.
 * The time is taken before the look: the decision is not earlier, so that one after a bound is surely after it.
 */
export function observed(store, decisions) {
  const { near } = store
  const note = (person, at, isNear) => {
    const decision = decisions.get(person)
    if (decision !== undefined) Object.assign(decision, { at, isNear })
  }
  const strictly =
    (name) =>
    (...given) => {
      note(given[0].person, now(), false)
      return store[name](...given)
    }
  return {
    ...store,
    read: strictly('read'),
    update: strictly('update'),
    near: near && {
      get isProven() {
        return near.isProven
      },
      read(address) {
        const at = now()
        const record = near.read(address)
        if (record !== undefined) note(address.person, at, true)
        return record
      },
      isUnrevoked: (...given) => near.isUnrevoked(...given),
      watch: (watcher) => near.watch(watcher),
    },
  }
}
