/** @module The React adapter: the browser client as a provider and a hook. React 18 and 19, safe to render on a server. */
'use client'
import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import {
  type CitizenClient,
  type CitizenClientOptions,
  type CitizenSnapshot,
  startCitizen,
} from '../src/browser/browser.js'

/** What a component knows of the session, and can do with it. */
export interface CitizenOfPage extends CitizenSnapshot, Pick<CitizenClient, 'extend' | 'signOut' | 'check'> {}

/** On a server, and until the client has started. */
const unknown: CitizenSnapshot = {
  state: 'unknown',
  reason: null,
  secondsLeft: null,
  status: null,
  isOffline: false,
  identity: 'unwatched',
}

const Context = createContext<CitizenClient | null | undefined>(undefined)

/**
 * Starts the browser client for the components below it, once mounted, and ends it with them. The options are read at
 * the start; of later ones only `onWarning`, `onEnd` and `show` count.
 */
export function CitizenProvider({
  children,
  ...options
}: CitizenClientOptions & { readonly children?: ReactNode }): ReactNode {
  const [client, setClient] = useState<CitizenClient | null>(null)
  const [latest] = useState<{ options: CitizenClientOptions }>({ options })
  useEffect(() => {
    latest.options = options
  })
  useEffect(() => {
    const started = startCitizen({
      ...latest.options,
      onWarning: (warning) => latest.options.onWarning?.(warning),
      onEnd: (end) => latest.options.onEnd?.(end),
      show: (claims) => latest.options.show?.(claims),
    })
    setClient(started)
    return () => started.stop()
  }, [latest])
  return createElement(Context.Provider, { value: client }, children)
}

/**
 * How things stand. A component is drawn again at each change, each second during a warning.
 * @throws TypeError outside of a `CitizenProvider`.
 */
export function useCitizen(): CitizenOfPage {
  const client = useContext(Context)
  if (client === undefined) throw new TypeError('useCitizen needs a CitizenProvider above it')
  const snapshot = useSyncExternalStore(
    client?.subscribe ?? nothingChanges,
    () => client?.snapshot ?? unknown,
    () => unknown,
  )
  return useMemo(() => {
    const started = (): CitizenClient => {
      if (client === null) throw new TypeError('the client starts when the provider is mounted')
      return client
    }
    return {
      ...snapshot,
      check: async () => started().check(),
      extend: async () => started().extend(),
      signOut: async (options) => started().signOut(options),
    }
  }, [client, snapshot])
}

const nothingChanges = () => () => undefined
