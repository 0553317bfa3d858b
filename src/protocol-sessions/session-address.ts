/** @module The address of the record of a session at the provider. */
import type { RecordAddress } from '../session-record.js'
import type { PluginSessionsContext } from './context.js'

/** Whether two addresses are of one session at the provider. */
export function isSameSession(one: RecordAddress, other: RecordAddress): boolean {
  return one.person === other.person && one.session === other.session
}

/** Where the record lies, if the name is another one of a session that goes on. @throws StoreUnavailableError */
export async function rootOf(
  { store }: Pick<PluginSessionsContext, 'store'>,
  address: RecordAddress,
): Promise<RecordAddress> {
  const record = await store.read(address)
  return record?.state === 'alias' ? { ...address, session: record.session } : address
}
